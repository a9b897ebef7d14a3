import { databaseFailure, UnavailableError } from '@clientele/contracts';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/** A row of a day whose partition was made while the row was on its way to the default one. */
const CHECK_VIOLATION = '23514';
const DEFAULT_PARTITION = 'ledger_default';

/** What the caller can do about a failed statement: try again later, or nothing, since it is a bug. */
export function storeError(error: unknown, doing: string): unknown {
  if (error instanceof DrizzleQueryError) return storeError(error.cause, doing);
  const what = `the write database cannot be had for ${doing}`;
  return isOfAnotherPartition(error) ? new UnavailableError(`${what}: ${error.message}`, undefined, { cause: error }) : databaseFailure(error, what);
}

function isOfAnotherPartition(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && error.code === CHECK_VIOLATION && error.table === DEFAULT_PARTITION;
}

const NOT_AT_EXPECTED_VERSION = 'CL001';
const UNIQUE_VIOLATION = '23505';

/** Whether an append that did not look before it wrote found something else than it expected. */
export function isNotAsExpected(error: unknown): boolean {
  return error instanceof pg.DatabaseError
    && (error.code === NOT_AT_EXPECTED_VERSION || (error.code === UNIQUE_VIOLATION && error.constraint === 'append_results_pkey'));
}
