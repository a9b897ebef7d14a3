import type { Command, Finding } from '@clientele/contracts';
import type { RecordKey, RecordState } from '@clientele/domain';
import type { TakenReading } from '@clientele/event-store';
import type { CommandHandler, Handled, Settlement } from '../handlers/command-handler.ts';
import { validate, type Validator } from './validator.ts';

declare const validated: unique symbol;

/** A command that went through its validators. Only {@link validationMiddleware} makes one, so no handler can be called with less. */
export type Validated<C> = C & { readonly [validated]: true };

/** The handler as it stands before one valid command. */
export interface Admitted {
  readonly isValid: true;
  readonly key: RecordKey | null;
  /** What of the reads that were asked for it answers; null: nothing. */
  readonly reading: TakenReading | null;
  ruleOn(): Settlement | null;
  /** `record`: what is known before the command. */
  handle(record: RecordState): Handled;
}

export type Admission = Admitted | { readonly isValid: false; readonly errors: readonly Finding[] };

/** The way to a handler. */
export type Admit<C> = (command: C) => Admission;

/** Puts the validators before the handler; what it returns is the only way to reach it. */
export function validationMiddleware<C extends Command>(validators: readonly Validator<C>[], handler: CommandHandler<C>): Admit<C> {
  return (command) => {
    const result = validate(command, validators);
    if (!hasPassed(command, result.isValid)) return { isValid: false, errors: result.errors };
    return {
      isValid: true,
      key: handler.keyOf(command),
      reading: handler.readingOf?.(command) ?? null,
      ruleOn: () => handler.ruleOn(command),
      handle: (record) => handler.handle(command, record),
    };
  };
}

function hasPassed<C>(_command: C, isValid: boolean): _command is Validated<C> {
  return isValid;
}
