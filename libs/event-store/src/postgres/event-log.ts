import { logEntryFromRow, type EventLogRow, type LogEntry } from '@clientele/contracts';
import type pg from 'pg';
import type { LogPage } from '../poll-log.ts';

/** How much of JSON text a page holds at most, but for its first entry: what is read stands in memory several times over. */
const MOST_BYTES = 8 * 1024 * 1024;

const ENTRIES = 'select * from published.read_log($1, $2, $3) e order by e.position';
// Head and entries from one snapshot, so that the head is never behind the entries.
const PAGE = `select h.incarnation, h.position as head, e.*
  from published.log_head h left join lateral published.read_log($1, $2, $3) e on true order by e.position`;
const HEAD = 'select incarnation, position from published.log_head';

export interface LogHead {
  readonly incarnation: string;
  readonly position: number;
}

/** Log entries after a position, as many as a page holds and one at least. @throws Error where one is missing: the log has no holes. */
export async function readEntries(pool: pg.Pool, afterPosition: number, limit: number): Promise<LogEntry[]> {
  const { rows } = await pool.query<EventLogRow>({ name: 'read_log', text: ENTRIES, values: [afterPosition, limit, MOST_BYTES] });
  return denseEntries(rows, afterPosition);
}

/** The same beside the head of that moment. */
export async function readPage(pool: pg.Pool, afterPosition: number, limit: number): Promise<LogPage> {
  const { rows } = await pool.query<EventLogRow & { incarnation: string; head: string } | NoEntry>({ name: 'read_log_page', text: PAGE, values: [afterPosition, limit, MOST_BYTES] });
  const [first] = rows;
  if (first === undefined) throw notMigrated();
  const entries = denseEntries(rows.filter((row) => row.position !== null), afterPosition);
  return { incarnation: first.incarnation, head: Number(first.head), entries };
}

interface NoEntry {
  readonly incarnation: string;
  readonly head: string;
  readonly position: null;
}

function denseEntries(rows: readonly EventLogRow[], afterPosition: number): LogEntry[] {
  return rows.map((row, index) => {
    const entry = logEntryFromRow(row);
    const expected = afterPosition + index + 1;
    if (entry.position !== expected) throw new Error(`the log has ${entry.position} where ${expected} must stand`);
    return entry;
  });
}

export async function readHead(pool: pg.Pool): Promise<LogHead> {
  const { rows: [head] } = await pool.query<{ incarnation: string; position: string }>(HEAD);
  if (head === undefined) throw notMigrated();
  return { incarnation: head.incarnation, position: Number(head.position) };
}

function notMigrated(): Error {
  return new Error('the log has no head: the write database was not migrated');
}
