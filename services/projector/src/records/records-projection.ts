import { decodeDomainEvent, decodeRecord, parseWritten, type LogEntry } from '@clientele/contracts';
import type { Projection } from '@clientele/projections';
import type { ClientBase } from 'pg';
import { Upsert, type Column } from '../database/upsert.ts';
import { composeRecord, type ComposedRecord, type Definitions } from './compose-record.ts';
import { applyToRecord, noteSuperseded, type RecordView } from './record-view.ts';

const COLUMNS: readonly Column<ComposedRecord>[] = [
  { name: 'id', type: 'uuid', of: (row) => row.id },
  { name: 'type', type: 'text', of: (row) => row.type },
  { name: 'provider', type: 'text', of: (row) => row.provider },
  { name: 'source', type: 'text', of: (row) => row.source },
  { name: 'entity', type: 'text', of: (row) => row.entity },
  { name: 'external_id', type: 'text', of: (row) => row.externalId },
  { name: 'version', type: 'int', of: (row) => row.version },
  { name: 'lifecycle', type: 'text', of: (row) => row.lifecycle },
  { name: 'complete', type: 'boolean', of: (row) => row.complete },
  { name: 'dirty_since', type: 'timestamptz', of: (row) => row.dirtySince },
  { name: 'status', type: 'text', of: (row) => row.status },
  { name: 'survivor_entity', type: 'text', of: (row) => row.survivorEntity },
  { name: 'survivor_external_id', type: 'text', of: (row) => row.survivorExternalId },
  { name: 'fields', type: 'json', of: (row) => row.fields },
  { name: 'source_fields', type: 'json', of: (row) => row.sourceFields },
  { name: 'external_references', type: 'json', of: (row) => row.externalReferences },
  { name: 'converted_into', type: 'json', of: (row) => row.convertedInto },
  { name: 'conversion_keys', type: 'text', of: (row) => row.conversionKeys, as: (keys) => `string_to_array(${keys}, E'\\n')` },
  { name: 'state', type: 'json', of: (row) => row.state },
  { name: 'search', type: 'text', of: (row) => row.search, as: (words) => `array_to_tsvector(string_to_array(${words}, ' '))` },
  { name: 'created_at', type: 'timestamptz', of: (row) => row.createdAt },
  { name: 'updated_at', type: 'timestamptz', of: (row) => row.updatedAt },
  { name: 'position', type: 'bigint', of: (row) => row.position },
];

/** With another `RECORD_SCHEMA_VERSION` one more, and tables of its own: a view holds states of one form alone. */
export const RECORDS_VERSION = 2;

/** Every aggregate, one row each: what lists and details are read from. */
export class RecordsProjection implements Projection<RecordView> {
  readonly name = 'records';
  readonly version: number;
  readonly #table: string;
  readonly #upsert: Upsert<ComposedRecord>;
  readonly #definitions: Definitions;

  constructor(definitions: Definitions, version = RECORDS_VERSION) {
    this.version = version;
    this.#table = `clientele.records_${version}`;
    this.#upsert = new Upsert(this.#table, ['id'], COLUMNS);
    this.#definitions = definitions;
  }

  keyOf(entry: LogEntry): string | null {
    if (entry.kind === 'event') return entry.streamId;
    return entry.outcome === 'superseded' ? entry.aggregateId : null;
  }

  async load(db: ClientBase, ids: readonly string[]): Promise<ReadonlyMap<string, RecordView>> {
    const { rows } = await db.query<LoadedRow>({
      name: `load ${this.#table}`,
      text: `select id, type, provider, source, entity, external_id, state::text as state, created_at, updated_at, position
        from ${this.#table} where id = any($1::uuid[])`,
      values: [ids],
    });
    return new Map(rows.map((row) => [row.id, viewOf(row)]));
  }

  apply(view: RecordView | null, entry: LogEntry): RecordView | null {
    if (entry.kind === 'event') return applyToRecord(view, entry, decodeDomainEvent(entry));
    return view === null ? null : noteSuperseded(view, entry);
  }

  async save(db: ClientBase, views: readonly RecordView[]): Promise<void> {
    await this.#upsert.run(db, views.map((view) => composeRecord(view, this.#definitions)));
  }

  async clear(db: ClientBase): Promise<void> {
    await db.query(`truncate ${this.#table}`);
  }
}

interface LoadedRow {
  readonly id: string;
  readonly type: string;
  readonly provider: string;
  readonly source: string;
  readonly entity: string;
  readonly external_id: string;
  readonly state: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly position: string;
}

function viewOf(row: LoadedRow): RecordView {
  return {
    id: row.id,
    type: row.type,
    provider: row.provider,
    source: row.source,
    entity: row.entity,
    externalId: row.external_id,
    state: decodeRecord(parseWritten(row.state)),
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    position: Number(row.position),
  };
}
