import { encodeDomainEvent, stringifyExact, type EventLogRow } from '@clientele/contracts';
import { clockOf, type DomainEvent, type FieldWrite } from '@clientele/domain';
import { conversionKey, searchTerms } from '@clientele/read-model';
import { readFileSync } from 'node:fs';
import type pg from 'pg';

export const ORG = 'salesforce:00D5f000005KcCnEAK';

export interface RecordSeed {
  readonly id: string;
  readonly type?: string;
  readonly source?: string;
  readonly entity?: string;
  readonly externalId?: string;
  readonly lifecycle?: 'active' | 'deleted';
  readonly status?: string | null;
  /** JSON text. */
  readonly fields?: string;
  readonly references?: readonly object[];
  readonly words?: readonly string[];
  readonly updatedAt?: string;
  readonly createdAt?: string;
  readonly position?: number;
  readonly dirtySince?: string;
  readonly complete?: boolean;
  /** External id of the record of the same entity that it was merged into. */
  readonly survivor?: string;
  readonly convertedInto?: readonly { readonly source: string; readonly entity: string; readonly external_id: string }[];
}

/** The uuid with this number. */
export function uuid(number: number): string {
  return `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

export async function insertRecord(read: pg.Pool, seed: RecordSeed): Promise<void> {
  await read.query(
    `insert into clientele.records_2 (id, type, provider, source, entity, external_id, version, lifecycle, status, fields,
       external_references, state, search, created_at, updated_at, position, dirty_since, complete, survivor_entity, survivor_external_id, converted_into, conversion_keys)
     values ($1, $2, 'salesforce', $3, $4, $5, 3, $6, $7, $8, $9, '{}', array_to_tsvector($10::text[]), $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
    [
      seed.id,
      seed.type ?? 'client',
      seed.source ?? ORG,
      seed.entity ?? 'Account',
      seed.externalId ?? `ext-${seed.id}`,
      seed.lifecycle ?? 'active',
      seed.status ?? null,
      seed.fields ?? '{}',
      JSON.stringify(seed.references ?? []),
      searchTerms(seed.words ?? []),
      seed.createdAt ?? '2025-01-01T00:00:00Z',
      seed.updatedAt ?? '2025-06-01T00:00:00Z',
      seed.position ?? 1,
      seed.dirtySince ?? null,
      seed.complete ?? true,
      seed.survivor === undefined ? null : (seed.entity ?? 'Account'),
      seed.survivor ?? null,
      seed.convertedInto === undefined ? null : JSON.stringify(seed.convertedInto),
      seed.convertedInto?.map(conversionKey) ?? null,
    ],
  );
}

export async function insertChange(
  read: pg.Pool,
  id: string,
  status: 'parked' | 'processed',
  aggregateId: string | null = null,
): Promise<void> {
  const day = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}`;
  const metadata = {
    kind: 'change',
    actor: null,
    origin: null,
    clock: { commit_time: '2025-04-24T13:18:26.000Z', commit_number: '1745500706683617281', sequence_number: 1 },
    correlation_id: 'c',
    causation_id: null,
    transaction_id: null,
    source_change_type: 'UPDATE',
  };
  await read.query(
    `insert into clientele.changes_1 (day, id, event_type, provider, source, entity, aggregate_type, external_id, data, metadata,
       occurred_at, status, outcome, reason, errors, warnings, received_at, processed_at, aggregate_id, position, recorded_at)
     values ($1, $2, 'Updated', 'salesforce', $3, 'Account', 'client', '0015f00000AbCdEAAV',
       '{"AnnualRevenue":100.50,"Big":1745500706683617281}', $4, '2025-04-24T13:18:26Z', $5, $6, $7, '[]', '[]', now(), $8, $9, 7, now())`,
    [
      day,
      id,
      ORG,
      JSON.stringify(metadata),
      status,
      status === 'parked' ? 'parked' : 'applied',
      status === 'parked' ? 'unsupported_change' : null,
      status === 'parked' ? null : new Date(),
      aggregateId,
    ],
  );
}

export interface LedgerSeed {
  readonly source?: string | null;
  readonly type?: string;
  readonly attempts?: number;
  readonly nextAttemptAt?: string;
}

export async function insertLedger(log: pg.Pool, id: string, outcome: string, repeats: number, seed: LedgerSeed = {}): Promise<void> {
  const { source = ORG, type = 'ProcessCrmEvent', attempts = 0, nextAttemptAt = null } = seed;
  await log.query(
    `insert into clientele.ledger (command_id, day, command_type, provider, source, outcome, errors, repeats, received_at, decided_at, attempts, next_attempt_at)
     values ($1, to_date(left($1, 8), 'YYYYMMDD'), $5, 'salesforce', $2, $3, '[]', $4, now(), now(), $6, $7)`,
    [id, source, outcome, repeats, type, attempts, nextAttemptAt],
  );
}

/** Rows of the log as this and earlier code wrote them, into the log. */
export async function insertGolden(log: pg.Pool, file: string): Promise<void> {
  const rows = readFileSync(new URL(`../../../../../libs/contracts/test/golden/${file}`, import.meta.url), 'utf8').trim().split('\n')
    .map((line) => (JSON.parse(line) as { row: EventLogRow }).row);
  for (const row of rows) {
    await log.query(
      `insert into clientele.events (position, id, kind, stream_id, stream_type, version, type, schema_version, data, personal, metadata, occurred_at, recorded_at)
       values ($1, gen_random_uuid(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [row.position, row.kind, row.stream_id, row.stream_type, row.version, row.type, row.schema_version, row.data, row.personal, row.metadata, row.occurred_at, row.recorded_at],
    );
  }
}

/** Appends events of one client to the log, in order; each sets the given fields. Personal are `Email` and what lies below it. */
export async function insertEvents(log: pg.Pool, stream: string, writes: readonly (readonly FieldWrite[])[]): Promise<void> {
  for (const [index, fields] of writes.entries()) {
    const clock = {
      commitTime: 1_745_500_706_000 + index,
      commitNumber: '1745500706683617281',
      sequenceNumber: 1,
      changeId: `20250424-${index}`,
    };
    const event: DomainEvent = {
      type: index === 0 ? 'Created' : 'Updated',
      clock: clockOf(clock),
      fields,
      lost: [],
      floor: index === 0,
      lifecycle: null,
      changed: fields.map(({ path }) => path),
      state: null,
    };
    const { data, personal } = encodeDomainEvent(event, { personal: ['Email'] });
    const metadata = {
      correlationId: 'c',
      causationId: clock.changeId,
      commandId: clock.changeId,
      changeId: clock.changeId,
      provider: 'salesforce',
      source: ORG,
      entity: 'Account',
      externalId: 'x',
      clock,
      change: {},
      changeEventType: 'Updated',
      broadcast: true,
      broadcastReason: 'changed',
      warnings: [],
      receivedAt: '2025-04-24T13:18:27.000Z',
    };
    await log.query(
      `with head as (update clientele.log_head set position = position + 1 returning position)
       insert into clientele.events (position, id, kind, stream_id, stream_type, version, type, schema_version, data, personal, metadata,
         occurred_at, recorded_at)
       select position, gen_random_uuid(), 'event', $1, 'client', $2, $3, 1, $4, $5, $6, '2025-04-24T13:18:26Z', now() from head`,
      [stream, index + 1, event.type, stringifyExact(data), personal === null ? null : stringifyExact(personal), stringifyExact(metadata)],
    );
  }
}
