const DATED = /^(\d{4})(\d{2})(\d{2})-/;

/** The day of a command whose id does not begin with one. */
export const NO_DAY = '1970-01-01';

/** The ledger's partition key: the UTC day that a command's id begins with, `YYYY-MM-DD`, or {@link NO_DAY}. */
export function ledgerDay(commandId: string): string {
  const [, year, month, day] = DATED.exec(commandId) ?? [];
  if (year === undefined || year === '0000') return NO_DAY;
  const text = `${year}-${month}-${day}`;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : NO_DAY;
}
