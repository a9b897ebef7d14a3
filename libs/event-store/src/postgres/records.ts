import { decodeRecord, domainEventFromRow, encodeRecord, parseWritten, RECORD_SCHEMA_VERSION, stringifyExact, type RecordEventRow } from '@clientele/contracts';
import { replay, type DomainEvent, type RecordState } from '@clientele/domain';
import type pg from 'pg';
import { uuid } from '../checks.ts';
import { uuidArray } from './binary-array.ts';

/** Rows of one stream come together: its snapshot, if there is one, then its events. */
interface RecordRow extends RecordEventRow {
  readonly stream_id: string;
  readonly version: string;
}

const RECORDS = 'select * from clientele.read_record_events($1, $2)';
const KEEP = 'select clientele.keep_snapshot($1, $2, $3, $4)';

/** So many events have to be replayed before the state is worth keeping: some 10 ms of work. */
const EVENTS_A_SNAPSHOT = 500;

/** What the streams say of their records; a stream without events is absent. Keeps a snapshot where many events had to be replayed. */
export async function readRecords(pool: pg.Pool, streamIds: readonly string[]): Promise<Map<string, RecordState>> {
  const ids = uuidArray(streamIds.map((id) => uuid('a stream id', id)));
  const { rows } = await pool.query<RecordRow>({ name: 'read_record_events', text: RECORDS, values: [ids, RECORD_SCHEMA_VERSION] });
  const records = new Map<string, RecordState>();
  for (const stream of streamsOf(rows)) {
    const { id, state, replayed } = recordOf(stream);
    records.set(id, state);
    if (replayed >= EVENTS_A_SNAPSHOT) {
      await pool.query(KEEP, [id, state.version, RECORD_SCHEMA_VERSION, stringifyExact(encodeRecord(state))]);
    }
  }
  return records;
}

function* streamsOf(rows: readonly RecordRow[]): Generator<readonly RecordRow[]> {
  let from = 0;
  for (const [at, { stream_id: id }] of rows.entries()) {
    if (rows[at + 1]?.stream_id === id) continue;
    yield rows.slice(from, at + 1);
    from = at + 1;
  }
}

function recordOf(rows: readonly RecordRow[]): { id: string; state: RecordState; replayed: number } {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) throw new TypeError('a stream without rows');
  const snapshot = first.type === 'snapshot' ? decodeRecord(parseWritten(first.data)) : undefined;
  const events: DomainEvent[] = rows.slice(snapshot === undefined ? 0 : 1).map((row) => domainEventFromRow(row));
  const state = replay(events, snapshot);
  if (state.version !== Number(last.version)) throw new Error(`stream ${first.stream_id} was read to version ${last.version}, but makes ${state.version}`);
  return { id: first.stream_id, state, replayed: events.length };
}
