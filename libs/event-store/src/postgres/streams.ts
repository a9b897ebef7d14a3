import { logEntryFromRow, type EventLogRow, type StoredEvent } from '@clientele/contracts';
import type pg from 'pg';
import { uuid } from '../checks.ts';
import type { StreamRead } from '../event-store.ts';
import { bigintArray, uuidArray } from './binary-array.ts';

export interface StreamBounds {
  readonly toVersion?: number;
  /** Recorded no later than this. */
  readonly until?: Date;
}

// JSON as text: the driver's own parser would round its numbers.
const STREAMS = `select position, id, kind, stream_id, stream_type, version, type, schema_version, data::text, personal::text, metadata::text,
  occurred_at, recorded_at from clientele.read_streams($1, $2, $3, $4)`;

/** Events of the streams, versions rising in each, in one round trip. */
export async function readStreamEvents(pool: pg.Pool, reads: readonly StreamRead[], bounds: StreamBounds = {}): Promise<StoredEvent[]> {
  if (reads.length === 0) return [];
  const { rows } = await pool.query<EventLogRow>({
    name: 'read_streams', text: STREAMS, values: [
      uuidArray(reads.map(({ streamId }) => uuid('a stream id', streamId))), bigintArray(reads.map(({ afterVersion }) => afterVersion)),
      bounds.toVersion ?? Number.MAX_SAFE_INTEGER, bounds.until ?? 'infinity',
    ],
  });
  return rows.map((row) => {
    const entry = logEntryFromRow(row);
    if (entry.kind !== 'event') throw new Error(`log entry ${entry.position} stands in a stream but is no event`);
    return entry;
  });
}
