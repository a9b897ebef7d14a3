import type { Metrics } from '@clientele/service-kit';
import { recordJson, referencesOf, type RecordRow, type StoredReference } from '@clientele/read-model';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';

/** What a record's answer is made of. */
export const RECORD_COLUMNS = `
  id, type, source, entity, external_id as "externalId", version, lifecycle, complete, dirty_since as "dirtySince", status,
  superseded_by as "supersededBy", fields, source_fields as "sourceFields", external_references as "externalReferences",
  created_at as "createdAt", updated_at as "updatedAt", position`;

const BY_ID = `select ${RECORD_COLUMNS} from published.records where id = any($1::uuid[])`;

/** Of several records that have had an external id, the one that has it now: neither replaced nor deleted, and the newest. */
const BY_EXTERNAL_ID = `
  select distinct on (r.external_id, r.source, r.entity) r.external_id, r.source, r.entity, r.id
  from unnest($1::text[], $2::text[], $3::text[]) as wanted (external_id, source, entity)
  join published.records r using (external_id, source, entity)
  order by r.external_id, r.source, r.entity, r.superseded_by nulls first, r.lifecycle, r.position desc`;

type ReferenceKey = Pick<StoredReference, 'source' | 'entity' | 'external_id'>;

/** Reads records by id and puts them into words, references resolved. Single reads share statements. */
export class RecordReader {
  readonly #byId: CoalescedLookup<string, RecordRow>;
  readonly #byExternalId: CoalescedLookup<ReferenceKey, string>;

  constructor(database: Database, metrics: Metrics) {
    const sizes = metrics.histogram(
      'query_lookup_batch_size',
      'Look-ups that shared a statement',
      ['of'],
      [1, 2, 5, 10, 20, 50, 100, 200, 500],
    );
    this.#byId = new CoalescedLookup({
      keyOf: (id) => id,
      onBatch: (size) => sizes.observe({ of: 'records' }, size),
      find: async (ids) => {
        const rows = await database.query<RecordRow>({ label: 'records_by_id', text: BY_ID, values: [ids], prepared: true });
        return new Map(rows.map((row) => [row.id, row]));
      },
    });
    this.#byExternalId = new CoalescedLookup({
      keyOf: keyText,
      onBatch: (size) => sizes.observe({ of: 'references' }, size),
      find: async (keys) => {
        const values = [keys.map((key) => key.external_id), keys.map((key) => key.source), keys.map((key) => key.entity)];
        const rows = await database.query<ReferenceKey & { id: string }>({
          label: 'records_by_external_id',
          text: BY_EXTERNAL_ID,
          values,
          prepared: true,
        });
        return new Map(rows.map((row) => [keyText(row), row.id]));
      },
    });
  }

  /** The record as JSON text, or null where there is none of that type. @throws UnavailableError */
  async byId(id: string, type: string): Promise<string | null> {
    const row = await this.#byId.get(id);
    return row === null || row.type !== type ? null : await this.#inWords(row);
  }

  /** Records as JSON texts, in their order. @throws UnavailableError */
  async inWords(rows: readonly RecordRow[]): Promise<string[]> {
    return await Promise.all(rows.map((row) => this.#inWords(row)));
  }

  async #inWords(row: RecordRow): Promise<string> {
    const found = new Map<string, string | null>();
    // What no mapping names has no record here, so it is not looked for.
    const known = row.externalReferences === '[]' ? [] : referencesOf(row).filter((reference) => reference.aggregate_type !== null);
    await Promise.all(known.map(async (reference) => found.set(keyText(reference), await this.#byExternalId.get(reference))));
    return recordJson(row, (reference) => found.get(keyText(reference)) ?? null);
  }
}

function keyText({ source, entity, external_id }: ReferenceKey): string {
  return `${source}\n${entity}\n${external_id}`;
}
