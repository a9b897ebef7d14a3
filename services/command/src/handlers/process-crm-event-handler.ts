import type { ProcessCrmEvent } from '@clientele/contracts';
import type { AggregateDefinition, ClientDomainService, RecordKey, RecordState } from '@clientele/domain';
import type { Validated } from '../validation/validation-middleware.ts';
import type { CommandHandler, Handled, Settlement } from './command-handler.ts';
import { firstRuling, type IntakeRule } from './intake-rules.ts';
import { newEvents } from './new-events.ts';
import type { ChangeTranslator } from './change-translator.ts';

export interface ProcessCrmEventHandlerParts {
  readonly translator: ChangeTranslator;
  readonly rules: readonly IntakeRule[];
  readonly definitionFor: (provider: string, entity: string) => AggregateDefinition | null;
  readonly domain: Pick<ClientDomainService, 'processCrmEvent'>;
}

/** Brings a change before the domain and writes down what it decides. Knows no entity, no status and no kind of change. */
export class ProcessCrmEventHandler implements CommandHandler<ProcessCrmEvent> {
  readonly #parts: ProcessCrmEventHandlerParts;

  constructor(parts: ProcessCrmEventHandlerParts) {
    this.#parts = parts;
  }

  keyOf({ event }: Validated<ProcessCrmEvent>): RecordKey | null {
    return event.external_id === undefined ? null : { source: event.source, entity: event.entity, externalId: event.external_id };
  }

  ruleOn(command: Validated<ProcessCrmEvent>): Settlement | null {
    return firstRuling(this.#parts.rules, command);
  }

  handle(command: Validated<ProcessCrmEvent>, record: RecordState): Handled {
    const { change, warnings: oddities } = this.#parts.translator.changeOf(command);
    const definition = this.#definitionOf(command);
    const decision = this.#parts.domain.processCrmEvent(change, record, definition);
    const warnings = [...oddities, ...decision.warnings];
    const events = newEvents(decision.events, { command, change, definition, warnings });
    return {
      settlement: { outcome: decision.outcome, reason: null, errors: [], warnings },
      append: { streamType: definition.type, events, state: decision.stateAfter },
    };
  }

  #definitionOf({ provider, event }: ProcessCrmEvent): AggregateDefinition {
    const definition = this.#parts.definitionFor(provider, event.entity);
    if (definition === null) throw new Error(`no mapping for ${provider} ${event.entity}: the rules let it through`);
    return definition;
  }
}
