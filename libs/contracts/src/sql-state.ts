/**
 * Classes and codes of SQLSTATE that say "not now": lost or refused connections (also by a database that is closed, gone, or has another
 * password), lack of resources, locks, cancels, a server that stops, replays or takes no writes.
 */
const NOT_NOW = ['08', '25006', '28', '3D000', '40001', '40P01', '53', '55000', '55P03', '57', '58'];

/** Whether what PostgreSQL refused with this SQLSTATE may go well later, however wrong it looks now. */
export function isNotNow(sqlState: string | undefined): boolean {
  return NOT_NOW.some((known) => sqlState?.startsWith(known));
}
