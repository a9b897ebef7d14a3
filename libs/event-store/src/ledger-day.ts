const DATED = /^(\d{4})(\d{2})(\d{2})-/;

/** The day of a command whose id does not begin with one. */
export const NO_DAY = '1970-01-01';

/** The ledger's partition key: the UTC day that a command's id begins with, `YYYY-MM-DD`, or {@link NO_DAY}. */
export function ledgerDay(commandId: string): string {
  const [, year, month, day] = DATED.exec(commandId) ?? [];
  if (year === undefined || year === '0000') return NO_DAY;
  return isDay(Number(year), Number(month), Number(day)) ? `${year}-${month}-${day}` : NO_DAY;
}

/** By numbers alone: it is asked several times for every change, and writing a date out takes three times as long. */
function isDay(year: number, month: number, day: number): boolean {
  // The calendar repeats every 400 years; years below 100 would be taken for those of the twentieth century.
  const date = new Date(Date.UTC(2000 + (year % 400), month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
