import { ValidationResult } from './validation-result.ts';

/** One thing that must hold of a command, with a name of its own. It adds an error for each way in which it does not, and never throws. */
export interface Validator<C> {
  readonly name: string;
  validate(command: C, result: ValidationResult): void;
}

export function validate<C>(command: C, validators: readonly Validator<C>[]): ValidationResult {
  const result = new ValidationResult();
  for (const validator of validators) validator.validate(command, result);
  return result;
}
