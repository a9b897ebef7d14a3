import { recordJson, referencesOf, type RecordRow } from '@clientele/read-model';
import type { Metrics } from '@clientele/service-kit';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';
import { ReferenceLookup } from './reference-lookup.ts';

/** What a record's answer is made of. */
export const RECORD_COLUMNS = `
  id, type, source, entity, external_id as "externalId", version, lifecycle, complete, dirty_since as "dirtySince", status,
  superseded_by as "supersededBy", fields, source_fields as "sourceFields", external_references as "externalReferences",
  created_at as "createdAt", updated_at as "updatedAt", position`;

const BY_ID = `select ${RECORD_COLUMNS} from published.records where id = any($1::uuid[])`;

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

  /** The record as JSON text, references resolved. @throws UnavailableError */
  async inWords(row: RecordRow): Promise<string> {
    return recordJson(row, row.externalReferences === '[]' ? '[]' : await this.#references.resolved(referencesOf(row)));
  }
}
