import { UnavailableError } from '@clientele/contracts';
import { beginRebuild, recordPublished, type RelayState as RelayRow } from '@clientele/event-store';
import type { Pool } from 'pg';
import { StaleLeaderError, type RelayState } from './relay-log.ts';

/** The relay's row in the write database. */
export class PostgresRelayState implements RelayState {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async recordPublished(leaseEpoch: number, position: number): Promise<number> {
    return await this.#fenced(leaseEpoch, () => recordPublished(this.#pool, leaseEpoch, position));
  }

  async beginRebuild(leaseEpoch: number): Promise<number> {
    return await this.#fenced(leaseEpoch, () => beginRebuild(this.#pool, leaseEpoch));
  }

  async #fenced(leaseEpoch: number, write: () => Promise<RelayRow | null>): Promise<number> {
    const row = await write().catch((error: unknown) => {
      throw new UnavailableError('the relay cannot reach its row in the write database', 1000, { cause: error });
    });
    if (row === null) throw new StaleLeaderError(`a later leader than that of epoch ${leaseEpoch} has written`);
    return row.rebuildEpoch;
  }
}
