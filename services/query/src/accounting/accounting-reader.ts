import { type Accounting, type AccountingLine, type Outcome } from '@clientele/contracts';
import type { Database } from '../database/database.ts';

/** Of `published.accounting`; 64-bit numbers come as text. */
interface AccountingRow {
  /** Null: the total. Empty: not known, since what was lost was never read. */
  readonly source: string | null;
  readonly accepted: string;
  readonly lost: string;
  readonly repeats: string;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly unaccounted: string;
  readonly reads: string;
  readonly orders: string;
  readonly in_flight: string;
  readonly position: string;
}

const UNKNOWN_SOURCE = 'unknown';
const ACCOUNTING = 'select source, accepted, lost, repeats, outcomes, unaccounted, reads, orders, in_flight, position from published.accounting';

/** Every accepted change, and what became of it, all from one moment of the log. @throws UnavailableError */
export async function readAccounting(eventLog: Database): Promise<Accounting> {
  const rows = await eventLog.query<AccountingRow>({ label: 'accounting', text: ACCOUNTING, values: [], prepared: true });
  const total = rows.find(({ source }) => source === null);
  const sources = rows.flatMap((row) =>
    row.source === null ? [] : [[row.source === '' ? UNKNOWN_SOURCE : row.source, lineOf(row)] as const],
  );
  return {
    ...lineOf(total),
    lost: Number(total?.lost ?? 0),
    in_flight: Number(total?.in_flight ?? 0),
    sources: Object.fromEntries(sources),
    position: total?.position ?? '0',
  };
}

function lineOf(row: AccountingRow | undefined): AccountingLine {
  const count = (outcome: Outcome): number => row?.outcomes[outcome] ?? 0;
  return {
    accepted: Number(row?.accepted ?? 0),
    repeats: Number(row?.repeats ?? 0),
    outcomes: {
      applied: count('applied'),
      superseded: count('superseded'),
      ignored: count('ignored'),
      parked: count('parked'),
      quarantined: count('quarantined'),
      rejected: count('rejected'),
      discarded: count('discarded'),
      erased: count('erased'),
    },
    unaccounted: Number(row?.unaccounted ?? 0),
    reads: Number(row?.reads ?? 0),
    orders: Number(row?.orders ?? 0),
  };
}
