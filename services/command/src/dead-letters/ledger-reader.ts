import { databaseFailure } from '@clientele/contracts';
import type { Pool, QueryResultRow } from 'pg';

/** Statements that look at the ledger. */
export class LedgerReader {
  readonly #pool: Pick<Pool, 'query'>;

  constructor(pool: Pick<Pool, 'query'>) {
    this.#pool = pool;
  }

  /** @throws UnavailableError where the database is away. */
  async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>(text, [...values])).rows;
    } catch (error) {
      throw databaseFailure(error, 'the write database cannot be had for what waits');
    }
  }
}
