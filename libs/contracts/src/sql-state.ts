import { UnavailableError } from './errors.ts';

/**
 * Classes and codes of SQLSTATE that say "not now": lost or refused connections (also by a database that is closed, gone, or has another
 * password), lack of resources, locks, cancels, a server that stops, replays or takes no writes.
 */
const NOT_NOW = ['08', '25006', '28', '3D000', '40001', '40P01', '53', '55000', '55P03', '57', '58'];

/**
 * What a failed statement means to a caller: an UnavailableError that begins with `what`, to be tried again later, or the error itself, which
 * is a bug. PostgreSQL's refusals tell by their SQLSTATE; everything else that its driver throws is about the connection.
 */
export function databaseFailure(error: unknown, what: string): unknown {
  if (error instanceof UnavailableError || error instanceof RangeError || error instanceof TypeError) return error;
  const sqlState = sqlStateOf(error);
  if (sqlState !== null && !NOT_NOW.some((known) => sqlState.startsWith(known))) return error;
  return new UnavailableError(`${what}: ${error instanceof Error ? error.message : String(error)}`, undefined, { cause: error });
}

/** Null where PostgreSQL did not answer: Node's errors have a `code` too, but no `severity`. */
function sqlStateOf(error: unknown): string | null {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
