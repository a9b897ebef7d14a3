import type { Command, Finding, Outcome } from '@clientele/contracts';
import type { RecordKey, RecordState } from '@clientele/domain';
import type { AskedRead, NewEvent, NewPlan, TakenReading } from '@clientele/event-store';
import type { Validated } from '../validation/validation-middleware.ts';

/** What became of a command, as the ledger and the log tell it. */
export interface Settlement {
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** A decided command: its outcome, and, where that is `applied`, what is appended to the record's stream. */
export interface Handled {
  readonly settlement: Settlement;
  readonly append: RecordAppend | null;
  /** Reads that the record needs. */
  readonly reads?: readonly AskedRead[];
  /** Long work that the command asks for. */
  readonly plans?: readonly NewPlan[];
}

export interface RecordAppend {
  readonly streamType: string;
  readonly events: readonly NewEvent[];
  /** The record after the events. */
  readonly state: RecordState;
}

/** Decides one kind of command, without I/O: everything that it needs is loaded before. What it throws, the error handler disposes of. */
export interface CommandHandler<C extends Command> {
  /** The record that the command is about; null where it names none. */
  keyOf(command: Validated<C>): RecordKey | null;
  /** What of the reads that were asked for the command answers, whatever becomes of it. */
  readingOf?(command: Validated<C>): TakenReading;
  /** What the rules say of the command without a look at the record; null: it goes on to `handle`. */
  ruleOn(command: Validated<C>): Settlement | null;
  handle(command: Validated<C>, record: RecordState): Handled;
}

export function settle(outcome: Outcome, reason: string | null = null, errors: readonly Finding[] = []): Settlement {
  return { outcome, reason, errors, warnings: [] };
}
