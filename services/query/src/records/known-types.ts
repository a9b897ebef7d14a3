import { HttpProblem } from '@clientele/service-kit';
import type { Database } from '../database/database.ts';

const ANY = 'select exists (select from published.records where type = $1) as there';

/** The types that the mapping names. Records of others are there where an earlier mapping named them. */
export class KnownTypes {
  readonly #database: Database;
  readonly #mapped: ReadonlySet<string>;

  constructor(database: Database, mapped: Iterable<string>) {
    this.#database = database;
    this.#mapped = new Set(mapped);
  }

  /** @throws HttpProblem 404 for a type that neither a mapping nor a record has: rather a slip of the pen than a list without records. */
  async require(type: string): Promise<void> {
    if (this.#mapped.has(type)) return;
    const [row] = await this.#database.query<{ there: boolean }>({ label: 'records_of_type', text: ANY, values: [type], prepared: true });
    if (row?.there !== true) throw new HttpProblem(404, `There are no records of type ${type}. Known are: ${[...this.#mapped].sort().join(', ')}`);
  }
}
