import { logEntryFromRow, publishedEvent, stringifyExact, type EventLogRow } from '@clientele/contracts';
import { readableEvent } from './readable-event.ts';
import type { Database } from '../database/database.ts';

export interface HistoryPage {
  /** Events as JSON texts, versions rising. */
  readonly items: readonly string[];
  /** The version of the last one here when more follow. */
  readonly lastVersion: number | null;
  /** The log's newest position when the page was read. */
  readonly position: string;
}

const HEAD = 'select position from published.log_head';
/** How much of JSON text a page holds at most, but for its first event. */
const MOST_BYTES = 8 * 1024 * 1024;
const EVENTS = `select * from (
    select *, max(version) over () as newest, coalesce(sum(octet_length(data) + octet_length(metadata) + coalesce(octet_length(personal), 0))
      over (order by version rows between unbounded preceding and 1 preceding), 0) as bytes_before
    from (
      select position, id, kind, stream_id, stream_type, version, type, schema_version, data, personal, metadata, occurred_at, recorded_at
      from published.event_log where stream_id = $1 and stream_type = $2 and version > $3 order by version limit $4) counted) sized
  where bytes_before < ${MOST_BYTES} order by version`;

/** The events of one record, in order, from the log itself. @throws UnavailableError */
export async function readHistory(
  eventLog: Database,
  { id, type, after, limit }: { id: string; type: string; after: number; limit: number },
): Promise<HistoryPage> {
  const [head] = await eventLog.query<{ position: string }>({ label: 'log_head', text: HEAD, values: [], prepared: true });
  const rows = await eventLog.query<EventLogRow & { newest: string | number }>({ label: 'history', text: EVENTS, values: [id, type, after, limit + 1], prepared: true });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(historyEvent),
    lastVersion: last !== undefined && Number(last.newest) > Number(last.version) ? Number(last.version) : null,
    position: head?.position ?? '0',
  };
}

function historyEvent(row: EventLogRow): string {
  const entry = logEntryFromRow(row);
  if (entry.kind !== 'event') throw new TypeError(`log entry ${entry.position} is no event, and yet in a stream`);
  const { id, position, occurredAt, recordedAt } = entry;
  const published = publishedEvent(entry);
  return stringifyExact({ id, position: String(position), ...published, ...readableEvent(entry, published), occurred_at: occurredAt, recorded_at: recordedAt });
}
