import type { LogEntry } from '@clientele/contracts';
import type { Projection } from '@clientele/projections';
import { dayOfChange } from '@clientele/read-model';
import type { ClientBase } from 'pg';
import { Upsert, type Column } from '../database/upsert.ts';
import { applyToChange, changeIdOf, type ChangeView } from './change-view.ts';

const COLUMNS: readonly Column<ChangeView>[] = [
  { name: 'day', type: 'date', of: (row) => row.day },
  { name: 'id', type: 'text', of: (row) => row.id },
  { name: 'event_type', type: 'text', of: (row) => row.eventType },
  { name: 'provider', type: 'text', of: (row) => row.provider },
  { name: 'source', type: 'text', of: (row) => row.source },
  { name: 'entity', type: 'text', of: (row) => row.entity },
  { name: 'aggregate_type', type: 'text', of: (row) => row.aggregateType },
  { name: 'external_id', type: 'text', of: (row) => row.externalId },
  { name: 'data', type: 'json', of: (row) => row.data },
  { name: 'metadata', type: 'json', of: (row) => row.metadata },
  { name: 'occurred_at', type: 'timestamptz', of: (row) => row.occurredAt },
  { name: 'status', type: 'text', of: (row) => row.status },
  { name: 'outcome', type: 'text', of: (row) => row.outcome },
  { name: 'reason', type: 'text', of: (row) => row.reason },
  { name: 'errors', type: 'json', of: (row) => row.errors },
  { name: 'warnings', type: 'json', of: (row) => row.warnings },
  { name: 'received_at', type: 'timestamptz', of: (row) => row.receivedAt },
  { name: 'processed_at', type: 'timestamptz', of: (row) => row.processedAt },
  { name: 'aggregate_id', type: 'uuid', of: (row) => row.aggregateId },
  { name: 'position', type: 'bigint', of: (row) => row.position },
  { name: 'recorded_at', type: 'timestamptz', of: (row) => row.recordedAt },
];

export interface ChangesProjectionOptions {
  readonly version?: number;
  /** Entries that were recorded before it are not taken in, unless parked: retention would take them out at once. */
  readonly keptSince: () => Date;
}

/** What became of each change, for as long as it is kept. */
export class ChangesProjection implements Projection<ChangeView> {
  readonly name = 'changes';
  readonly version: number;
  readonly #table: string;
  readonly #upsert: Upsert<ChangeView>;
  readonly #keptSince: () => Date;

  constructor({ version = 1, keptSince }: ChangesProjectionOptions) {
    this.version = version;
    this.#table = `clientele.changes_${version}`;
    this.#upsert = new Upsert(this.#table, ['day', 'id'], COLUMNS);
    this.#keptSince = keptSince;
  }

  keyOf(entry: LogEntry): string {
    return changeIdOf(entry);
  }

  async load(db: ClientBase, ids: readonly string[]): Promise<ReadonlyMap<string, ChangeView>> {
    const { rows } = await db.query<LoadedRow>({
      name: `load ${this.#table}`,
      text: `select c.day::text as day, c.id, event_type, provider, source, entity, aggregate_type, external_id, data::text as data,
         metadata::text as metadata, occurred_at, status, outcome, reason, errors::text as errors, warnings::text as warnings, received_at,
         processed_at, aggregate_id, position, recorded_at
       from unnest($1::date[], $2::text[]) k (day, id) join ${this.#table} c on c.day = k.day and c.id = k.id`,
      values: [ids.map(dayOfChange), ids],
    });
    return new Map(rows.map((row) => [row.id, viewOf(row)]));
  }

  apply(view: ChangeView | null, entry: LogEntry): ChangeView | null {
    const after = applyToChange(view, entry);
    const old = view === null && after.status !== 'parked' && entry.recordedAt < this.#keptSince().toISOString();
    return old ? null : after;
  }

  async save(db: ClientBase, rows: readonly ChangeView[]): Promise<void> {
    await this.#upsert.run(db, rows);
  }

  async clear(db: ClientBase): Promise<void> {
    await db.query(`truncate ${this.#table}`);
  }
}

interface LoadedRow {
  readonly day: string;
  readonly id: string;
  readonly event_type: string | null;
  readonly provider: string;
  readonly source: string;
  readonly entity: string;
  readonly aggregate_type: string | null;
  readonly external_id: string | null;
  readonly data: string;
  readonly metadata: string;
  readonly occurred_at: Date;
  readonly status: ChangeView['status'];
  readonly outcome: string;
  readonly reason: string | null;
  readonly errors: string;
  readonly warnings: string;
  readonly received_at: Date;
  readonly processed_at: Date | null;
  readonly aggregate_id: string | null;
  readonly position: string;
  readonly recorded_at: Date;
}

function viewOf(row: LoadedRow): ChangeView {
  return {
    day: row.day,
    id: row.id,
    eventType: row.event_type,
    provider: row.provider,
    source: row.source,
    entity: row.entity,
    aggregateType: row.aggregate_type,
    externalId: row.external_id,
    data: row.data,
    metadata: row.metadata,
    occurredAt: row.occurred_at.toISOString(),
    status: row.status,
    outcome: row.outcome,
    reason: row.reason,
    errors: row.errors,
    warnings: row.warnings,
    receivedAt: row.received_at.toISOString(),
    processedAt: row.processed_at?.toISOString() ?? null,
    aggregateId: row.aggregate_id,
    position: Number(row.position),
    recordedAt: row.recorded_at.toISOString(),
  };
}
