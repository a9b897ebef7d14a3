import { READ_LANES, type ReadLane } from '@clientele/event-store';
import type { SourceQuota } from '../quota/governor.ts';

/** Looking costs the database something, and quota goes slowly. */
const KEPT_MS = 5_000;

/** The lanes that there is quota for, looked up every few seconds. */
export class AllowedLanes {
  readonly #quota: Pick<SourceQuota, 'allows'>;
  readonly #now: () => Date;
  #lanes: readonly ReadLane[] = [];
  #until = 0;

  constructor(quota: Pick<SourceQuota, 'allows'>, now: () => Date) {
    this.#quota = quota;
    this.#now = now;
  }

  /** For a lane that turned out to have none left. */
  forget(): void {
    this.#until = 0;
  }

  /** The most urgent first. */
  async get(): Promise<readonly ReadLane[]> {
    if (this.#now().getTime() < this.#until) return this.#lanes;
    const allowed: ReadLane[] = [];
    for (const lane of READ_LANES) if (await this.#quota.allows(lane, 1)) allowed.push(lane);
    this.#lanes = allowed;
    this.#until = this.#now().getTime() + KEPT_MS;
    return allowed;
  }
}
