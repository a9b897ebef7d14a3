import { UnavailableError } from '@clientele/contracts';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/** Classes and codes of SQLSTATE that say "not now": lost or refused connections, lack of resources, locks, cancels, a server that stops. */
const NOT_NOW = ['08', '53', '57', '58', '40001', '40P01', '55P03', '25006'];

/** What the caller can do about a failed statement: try again later, or nothing, since it is a bug. */
export function storeError(error: unknown, doing: string): unknown {
  if (error instanceof DrizzleQueryError) return storeError(error.cause, doing);
  if (error instanceof UnavailableError || error instanceof RangeError || error instanceof TypeError) return error;
  if (error instanceof pg.DatabaseError && !NOT_NOW.some((code) => error.code?.startsWith(code))) return error;
  // Everything that the driver throws by itself is about the connection.
  const reason = error instanceof Error ? error.message : String(error);
  return new UnavailableError(`the write database cannot be had for ${doing}: ${reason}`, undefined, { cause: error });
}

const NOT_AT_EXPECTED_VERSION = 'CL001';
const UNIQUE_VIOLATION = '23505';

/** Whether an append that did not look before it wrote found something else than it expected. */
export function isNotAsExpected(error: unknown): boolean {
  return error instanceof pg.DatabaseError
    && (error.code === NOT_AT_EXPECTED_VERSION || (error.code === UNIQUE_VIOLATION && error.constraint === 'append_results_pkey'));
}
