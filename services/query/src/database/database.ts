import { databaseFailure } from '@clientele/contracts';
import type { Metrics } from '@clientele/service-kit';
import type { Pool, QueryResultRow } from 'pg';

export interface Statement {
  /** What metrics call it. */
  readonly label: string;
  readonly text: string;
  readonly values: readonly unknown[];
  /** Planned once a connection; for texts that are always the same. */
  readonly prepared?: boolean;
}

export type StatementDurations = ReturnType<typeof statementDurations>;

export function statementDurations(metrics: Metrics) {
  return metrics.histogram('query_statement_duration_seconds', 'Time of a statement, its wait for a connection included', ['statement']);
}

/** A database that this service only reads. Every failure is either an UnavailableError, to be tried again, or a bug. */
export class Database {
  readonly #pool: Pool;
  readonly #name: string;
  readonly #durations: StatementDurations;

  /** `name`: what callers are told when it is away. */
  constructor(pool: Pool, name: string, durations: StatementDurations) {
    this.#pool = pool;
    this.#name = name;
    this.#durations = durations;
  }

  async query<R extends QueryResultRow>({ label, text, values, prepared }: Statement): Promise<R[]> {
    const end = this.#durations.startTimer({ statement: label });
    try {
      const { rows } = await this.#pool.query<R>({ text, values: [...values], ...(prepared === true ? { name: label } : {}) });
      return rows;
    } catch (error) {
      throw databaseFailure(error, `${this.#name} cannot be had`);
    } finally {
      end();
    }
  }
}
