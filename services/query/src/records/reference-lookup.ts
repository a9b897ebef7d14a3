import type { StoredReference } from '@clientele/read-model';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';

/** Of several records that have had an external id, the one that has it now: neither replaced nor deleted, and the newest. */
const BY_EXTERNAL_ID = `
  select (
    select r.id from published.records r
    where r.external_id = wanted.external_id and r.source = wanted.source and r.entity = wanted.entity
    order by r.superseded_by nulls first, r.lifecycle, r.position desc limit 1) as id
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as wanted (external_id, source, entity, place)
  order by place`;

/**
 * Whom references mean. A statement of its own, shared by all that look at the same time: taking references apart inside the statement
 * that reads the records costs Postgres several times as much.
 */
export class ReferenceLookup {
  readonly #ids: CoalescedLookup<StoredReference, string>;

  constructor(database: Database) {
    this.#ids = new CoalescedLookup({
      keyOf,
      find: async (references) => {
        const values = [references.map((one) => one.external_id), references.map((one) => one.source), references.map((one) => one.entity)];
        const rows = await database.query<{ id: string | null }>({
          label: 'records_by_external_id',
          text: BY_EXTERNAL_ID,
          values,
          prepared: true,
        });
        return new Map(rows.flatMap(({ id }, index) => foundAs(references[index], id)));
      },
    });
  }

  /** JSON text of the references, each with the `aggregate_id` that it means now. @throws UnavailableError */
  async resolved(references: readonly StoredReference[]): Promise<string> {
    // What no mapping names has no record here, so it is not looked for.
    const known = references.filter(({ aggregate_type }) => aggregate_type !== null);
    const ids = await Promise.all(known.map((reference) => this.#ids.get(reference)));
    const found = new Map(known.map((reference, index) => [reference, ids[index] ?? null]));
    return JSON.stringify(references.map((reference) => ({ ...reference, aggregate_id: found.get(reference) ?? null })));
  }
}

function foundAs(reference: StoredReference | undefined, id: string | null): [string, string][] {
  return reference === undefined || id === null ? [] : [[keyOf(reference), id]];
}

function keyOf({ source, entity, external_id }: StoredReference): string {
  return `${source}\n${entity}\n${external_id}`;
}
