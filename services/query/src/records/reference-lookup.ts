import { externalIdSpellings } from '@clientele/providers';
import type { NamedRecord, StoredReference } from '@clientele/read-model';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';

/** Of several records that have had an external id, the one that has it now: neither merged away nor deleted, and the newest. */
const BY_EXTERNAL_ID = `
  select found.id, found.survivor_entity as entity, found.survivor_external_id as external_id
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as wanted (external_id, source, entity, place)
  left join lateral (
    select r.id, r.survivor_entity, r.survivor_external_id from published.records r
    where r.external_id = wanted.external_id and r.source = wanted.source and r.entity = wanted.entity
    order by r.survivor_external_id is not null, r.lifecycle, r.position desc limit 1) found on true
  order by wanted.place`;

interface Row {
  readonly id: string | null;
  readonly entity: string | null;
  readonly external_id: string | null;
}

interface Found {
  readonly id: string;
  /** What it was merged into. */
  readonly survivor: NamedRecord | null;
}

/** Whom a name means now. */
export interface Meant {
  readonly id: string;
  /** The record that is so named, where that was merged into the other. */
  readonly supersededId: string | null;
}

/** Nobody merges so often; what goes on and on is a mistake of the source's. */
const MOST_MERGERS = 16;

/**
 * Whom references mean. A statement of its own, shared by all that look at the same time: taking references apart inside the statement
 * that reads the records costs Postgres several times as much.
 */
export class ReferenceLookup {
  readonly #records: CoalescedLookup<NamedRecord, Found>;

  constructor(database: Database) {
    this.#records = new CoalescedLookup({
      keyOf,
      find: async (names) => {
        const values = [names.map((one) => one.external_id), names.map((one) => one.source), names.map((one) => one.entity)];
        const rows = await database.query<Row>({ label: 'records_by_external_id', text: BY_EXTERNAL_ID, values, prepared: true });
        return new Map(rows.flatMap((row, index) => foundAs(names[index], row)));
      },
    });
  }

  /** The record of that name, or what it lives on in after all mergers; null: none that is known. @throws UnavailableError */
  async meant(named: NamedRecord): Promise<Meant | null> {
    const first = await this.#named(named);
    if (first === null) return null;
    const passed = new Set([first.id]);
    let last = first;
    while (last.survivor !== null && passed.size <= MOST_MERGERS) {
      const next = await this.#records.get(last.survivor);
      if (next === null || passed.has(next.id)) break;
      passed.add(next.id);
      last = next;
    }
    return { id: last.id, supersededId: last === first ? null : first.id };
  }

  /** By any spelling: a formula may tell an id of Salesforce in its 15 characters, and records are kept under 18. */
  async #named(named: NamedRecord): Promise<Found | null> {
    for (const external_id of externalIdSpellings(named.external_id)) {
      const found = await this.#records.get({ ...named, external_id });
      if (found !== null) return found;
    }
    return null;
  }

  /** JSON text of the references, each with whom it means now. @throws UnavailableError */
  async resolved(references: readonly StoredReference[]): Promise<string> {
    // What no mapping names has no record here, so it is not looked for.
    const meant = await Promise.all(references.map(async (reference) => (reference.aggregate_type === null ? null : await this.meant(reference))));
    return JSON.stringify(references.map((reference, index) => ({
      ...reference, aggregate_id: meant[index]?.id ?? null, superseded_id: meant[index]?.supersededId ?? null,
    })));
  }
}

function foundAs(named: NamedRecord | undefined, { id, entity, external_id }: Row): [string, Found][] {
  if (named === undefined || id === null) return [];
  const survivor = entity === null || external_id === null ? null : { source: named.source, entity, external_id };
  return [[keyOf(named), { id, survivor }]];
}

function keyOf({ source, entity, external_id }: NamedRecord): string {
  return `${source}\n${entity}\n${external_id}`;
}
