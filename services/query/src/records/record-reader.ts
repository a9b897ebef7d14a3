import { recordJson, referencesIn, type RecordRow } from '@clientele/read-model';
import type { Metrics } from '@clientele/service-kit';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';
import { ReferenceLookup } from './reference-lookup.ts';

/** Many leads may end in one client: no more of them are told. */
const MOST_CONVERTED_FROM = 100;

/** What a record's answer is made of; `r` is the record. */
export const RECORD_COLUMNS = `
  r.id, r.type, r.source, r.entity, r.external_id as "externalId", r.version, r.lifecycle, r.complete, r.dirty_since as "dirtySince", r.status,
  r.survivor_entity as "survivorEntity", r.survivor_external_id as "survivorExternalId", r.fields, r.source_fields as "sourceFields",
  r.external_references as "externalReferences", r.converted_into as "convertedInto",
  (select json_agg(c)::text from (
    select f.type as aggregate_type, f.id as aggregate_id, f.source, f.entity, f.external_id from published.records f
    where f.conversion_keys && array[concat_ws(E'\\t', r.source, r.entity, r.external_id)] limit ${MOST_CONVERTED_FROM}) c) as "convertedFrom",
  r.created_at as "createdAt", r.updated_at as "updatedAt", r.position`;

const BY_ID = `select ${RECORD_COLUMNS} from published.records r where r.id = any($1::uuid[])`;

/** Reads records by id and puts them into words; reads that are asked for together share statements. */
export class RecordReader {
  readonly #rows: CoalescedLookup<string, RecordRow>;
  readonly #references: ReferenceLookup;

  constructor(database: Database, metrics: Metrics) {
    const sizes = metrics.histogram(
      'query_lookup_batch_size',
      'Reads by id that shared a statement',
      [],
      [1, 2, 5, 10, 20, 50, 100, 200, 500],
    );
    this.#references = new ReferenceLookup(database);
    this.#rows = new CoalescedLookup({
      keyOf: (id) => id,
      onBatch: (size) => sizes.observe(size),
      find: async (ids) => {
        const rows = await database.query<RecordRow>({ label: 'records_by_id', text: BY_ID, values: [ids], prepared: true });
        return new Map(rows.map((row) => [row.id, row]));
      },
    });
  }

  /** The record as JSON text, or null where there is none of that type. @throws UnavailableError */
  async byId(id: string, type: string): Promise<string | null> {
    const row = await this.#rows.get(id);
    return row?.type === type ? await this.inWords(row) : null;
  }

  /** The record as JSON text, with whom it refers to, became and lives on in. @throws UnavailableError */
  async inWords(row: RecordRow): Promise<string> {
    const [references, convertedInto, survivor] = await Promise.all([
      this.#resolved(row.externalReferences === '[]' ? null : row.externalReferences), this.#resolved(row.convertedInto), this.#survivorOf(row),
    ]);
    return recordJson(row, { references, convertedInto, supersededBy: survivor });
  }

  async #resolved(references: string | null): Promise<string> {
    return references === null ? '[]' : await this.#references.resolved(referencesIn(references));
  }

  async #survivorOf({ id, source, survivorEntity: entity, survivorExternalId }: RecordRow): Promise<string | null> {
    if (entity === null || survivorExternalId === null) return null;
    const meant = await this.#references.meant({ source, entity, external_id: survivorExternalId });
    return meant === null || meant.id === id ? null : meant.id;
  }
}
