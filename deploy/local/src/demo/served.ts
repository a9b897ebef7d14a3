import { compareRecords, type Difference, type Leniency } from './compare.ts';
import type { QueryClient, ServedRecord } from './query-client.ts';
import type { SimulatedOrg } from './simulated-org.ts';

/** Under which list the default mapping shows an entity. */
const LISTS = ['clients', 'contacts', 'opportunities', 'leads'];

export interface Comparison {
  /** Records of all orgs. */
  readonly records: number;
  readonly differences: readonly Difference[];
}

/** What the query service says of the orgs, beside what they say themselves. */
export class Served {
  readonly #orgs: readonly SimulatedOrg[];
  readonly #query: QueryClient;
  readonly #earlier: ReadonlySet<string>;

  private constructor(orgs: readonly SimulatedOrg[], query: QueryClient, earlier: ReadonlySet<string>) {
    this.#orgs = orgs;
    this.#query = query;
    this.#earlier = earlier;
  }

  /** What is served now is of earlier runs: an org that can be read has one id in all of them. */
  static async before(orgs: readonly SimulatedOrg[], query: QueryClient): Promise<Served> {
    const lists = await Promise.all(orgs.map(async ({ source }) => await allRecords(query, source)));
    return new Served(orgs, query, new Set(lists.flat().map(({ id }) => id)));
  }

  /** @param position of the log that must be reached. */
  async compare(position?: string): Promise<Comparison> {
    const parts = await Promise.all(this.#orgs.map(async (org) => {
      const [truth, served] = [org.truth(), await allRecords(this.#query, org.source, position)];
      const leniency: Leniency = { lossy: org.server !== null, forgotten: org.forgotten, earlier: this.#earlier };
      const differences = compareRecords(truth, served, leniency);
      return { records: truth.length, differences: this.#orgs.length === 1 ? differences : differences.map((one) => ({ ...one, record: `${org.org.id} ${one.record}` })) };
    }));
    return { records: parts.reduce((sum, { records }) => sum + records, 0), differences: parts.flatMap(({ differences }) => differences) };
  }
}

async function allRecords(query: QueryClient, source: string, position?: string): Promise<ServedRecord[]> {
  return (await Promise.all(LISTS.map(async (list) => await query.records(list, source, position)))).flat();
}
