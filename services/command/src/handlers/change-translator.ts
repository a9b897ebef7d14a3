import { ValidationError, type ProcessCrmEvent } from '@clientele/contracts';
import type { CrmProvider, EntityGap, Translated, Translation } from '@clientele/providers';

/** A provider's reading of a change, kept for as long as the command is: the rules ask for it, then the handler, then a second decision. */
export class ChangeTranslator {
  readonly #providers: ReadonlyMap<string, Pick<CrmProvider, 'translate'>>;
  readonly #translations = new WeakMap<ProcessCrmEvent, Translation>();

  constructor(providers: ReadonlyMap<string, Pick<CrmProvider, 'translate'>>) {
    this.#providers = providers;
  }

  /** @throws ValidationError where the change cannot be one of its provider. */
  translate(command: ProcessCrmEvent): Translation {
    let translation = this.#translations.get(command);
    if (translation === undefined) {
      const provider = this.#providers.get(command.provider);
      if (provider === undefined) throw new ValidationError(`provider ${command.provider} is not known`);
      translation = provider.translate(command.event);
      this.#translations.set(command, translation);
    }
    return translation;
  }

  /** @throws Error where it is unsupported: the rules settle such a change before. */
  understood(command: ProcessCrmEvent): Translated | EntityGap {
    const translation = this.translate(command);
    if (translation.kind === 'unsupported') throw new Error(`${translation.kind}: the rules let it through (${translation.detail})`);
    return translation;
  }
}
