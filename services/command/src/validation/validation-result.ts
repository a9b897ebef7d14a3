import type { Finding } from '@clientele/contracts';

/** What is wrong with a command: every broken rule, not the first alone. */
export class ValidationResult {
  readonly #errors: Finding[] = [];

  /** `path` names the field (`event.external_id`), `code` is stable, `message` says what to do. */
  addError(path: string, code: string, message: string): this {
    this.#errors.push({ path, code, message });
    return this;
  }

  get isValid(): boolean {
    return this.#errors.length === 0;
  }

  get errors(): readonly Finding[] {
    return this.#errors;
  }
}
