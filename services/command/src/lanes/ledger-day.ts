import { isDay } from './instant.ts';

const ID = /^(\d{4})(\d{2})(\d{2})-[A-Za-z0-9_-]{1,71}$/;

/** The day that an id begins with, as `YYYY-MM-DD`: the ledger's partition key. Null where the id has none that the calendar knows. */
export function ledgerDay(commandId: string): string | null {
  const [, year, month, day] = ID.exec(commandId) ?? [];
  const text = `${year}-${month}-${day}`;
  return year !== undefined && isDay(text) ? text : null;
}
