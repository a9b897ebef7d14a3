import { NewerSchemaError, UnavailableError } from '@clientele/contracts';
import pg from 'pg';

/** Another process has taken over. */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/** A checkpoint is not where it was left, by another process or by a crash of the server: nothing of the batch was committed. Load anew. */
export class MovedCheckpointError extends Error {
  override readonly name = 'MovedCheckpointError';
}

/** The feed left out an entry. Nothing of the batch was committed; reading again from the checkpoint may give it. */
export class FeedHoleError extends Error {
  override readonly name = 'FeedHoleError';
}

/** More rows would be parked than a few bad entries explain: rather this code is wrong, and it must not park everything. */
export class TooManyParkedError extends Error {
  override readonly name = 'TooManyParkedError';
}

/** An entry that a projection cannot apply, and never will. */
export class EntryError extends Error {
  override readonly name = 'EntryError';
}

/** What a projection's `apply` threw, as the entry's fault; an error that says something else of itself stays what it is. */
export function entryError(cause: unknown): Error {
  if (cause instanceof NewerSchemaError || cause instanceof UnavailableError) return cause;
  return new EntryError(cause instanceof Error ? cause.message : String(cause), { cause });
}

/** SQLSTATE classes that name a value: data exception, broken constraint, a limit such as the size of an index row. */
const OF_THE_VALUE = new Set(['22', '23', '54']);

/** Whether an error would come again with the same entry, however healthy everything else is. */
export function isOfTheEntry(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return OF_THE_VALUE.has(error.code?.slice(0, 2) ?? '');
  return error instanceof EntryError || error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

/**
 * Why, in one line: what kind of failure, a colon, and its message. No values of the record, which Postgres puts into `detail` only.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown: thrown by no error';
  const cause = error instanceof EntryError && error.cause instanceof Error ? error.cause : error;
  const kind = cause instanceof pg.DatabaseError ? `SQLSTATE ${cause.code ?? 'unknown'}` : cause.name;
  return `${kind}: ${error.message}`.slice(0, 1000);
}
