import type { EventMetadata } from '@clientele/contracts';
import { uuidV7, type NewEvent, type PostgresEventStore, type StreamWrite } from '@clientele/event-store';
import type pg from 'pg';

const NOW = '2025-04-24T12:38:26.000Z';
const CHANGE_ID = `20250424-${'A'.repeat(27)}`;

/** An ordinary update of an account: 1.2 KB of JSON. */
const metadata: EventMetadata = {
  correlationId: '0002b9fd-3c9c-41f6-8d2d-7d3f1f2a6f10', causationId: CHANGE_ID, commandId: CHANGE_ID, changeId: CHANGE_ID, provider: 'salesforce',
  source: 'salesforce:00D5f000005KcCnEAK', entity: 'Account', externalId: '0015f00002HhXXXAAV',
  clock: { commitTime: 1745498306000, commitNumber: '1745500706683617281', sequenceNumber: 1, changeId: CHANGE_ID },
  change: {
    kind: 'change', actor: '0055f000009abcdAAA', origin: 'com/salesforce/api/soap/58.0', causation_id: null, correlation_id: 'c', source_change_type: 'UPDATE',
    clock: { commit_time: NOW, commit_number: '1745500706683617281', sequence_number: 1 }, transaction_id: '0002b9fd-3c9c-41f6-8d2d', changed_fields: ['Name', 'Phone'],
  },
  changeEventType: 'Updated', broadcast: true, broadcastReason: 'the status is told', warnings: [], receivedAt: NOW,
};
const data = {
  fields: { Name: 'Acme GmbH', Phone: '+49 30 1234', AnnualRevenue: 1000.5 }, lost: {}, floor: false, lifecycle: null, changed: ['fields.Name'],
  state: { lifecycle: 'active', complete: true, status: 'Active', fields: { Name: 'Acme GmbH', Phone: '+49 30 1234' } },
};
const event: NewEvent = { type: 'Updated', schemaVersion: 1, data, personal: null, metadata, occurredAt: NOW };

/** A stream that is written to as a lane's owner does: each append says what it expects. */
export interface BenchStream {
  readonly id: string;
  version: number;
}

export function newStreams(count: number): BenchStream[] {
  return Array.from({ length: count }, () => ({ id: uuidV7(), version: 0 }));
}

export function nextWrite({ id, version }: BenchStream): StreamWrite {
  return { streamId: id, streamType: 'client', expectedVersion: version === 0 ? 'none' : version, commandId: `20250424-${uuidV7().slice(9)}`, events: [event] };
}

/** Events a second with one caller a stream, each with one conditional append of one event under way; `perCall` streams a call. */
export async function appendRate(store: PostgresEventStore, streams: readonly BenchStream[], perCall: number, total: number): Promise<number> {
  let left = total;
  const callers = Array.from({ length: streams.length / perCall }, (_, n) => streams.slice(n * perCall, (n + 1) * perCall));
  const started = performance.now();
  await Promise.all(callers.map(async (mine) => {
    while (left > 0) {
      left -= perCall;
      const results = await store.append(mine.map(nextWrite));
      mine.forEach((stream, index) => (stream.version = results[index]?.version ?? stream.version));
    }
  }));
  return total / (performance.now() - started) * 1000;
}

const DATA = JSON.stringify(data);
const METADATA = JSON.stringify(metadata);

/** The floor: a table like the log's in columns and indexes, and statements that insert so many rows of the same content. */
export class RawInserts {
  readonly #client: pg.PoolClient;
  #position = 0;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async prepare(): Promise<void> {
    await this.#client.query('create table public.raw_events (like clientele.events including all)');
  }

  /** Rows a second, `rows` in each statement, one statement after the other. */
  async rate(rows: number, total: number): Promise<number> {
    const parameters = Array.from({ length: rows }, (_, row) => `(${Array.from({ length: 13 }, (_, column) => `$${row * 13 + column + 1}`).join()})`);
    const text = `insert into public.raw_events (position, id, kind, stream_id, stream_type, version, type, schema_version, data, personal, metadata,
      occurred_at, recorded_at) values ${parameters.join()}`;
    const started = performance.now();
    for (let done = 0; done < total; done += rows) {
      const values: unknown[] = [];
      for (let row = 0; row < rows; row += 1) {
        this.#position += 1;
        values.push(this.#position, uuidV7(), 'event', uuidV7(), 'client', 1, 'Updated', 1, DATA, null, METADATA, NOW, NOW);
      }
      await this.#client.query({ name: `raw_${rows}`, text, values });
    }
    return total / (performance.now() - started) * 1000;
  }
}
