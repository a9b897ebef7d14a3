import { UnavailableError, type LaneName, type LanePosition } from '@clientele/contracts';
import type { LaneStore } from '@clientele/event-store';
import type { LaneLook } from '@clientele/messaging';
import type { Metrics, WorkProgress } from '@clientele/service-kit';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chore } from '../maintenance/maintenance.ts';
import { lanePlaces } from './lane-places.ts';

/** A database that is frozen does not even refuse. */
const PATIENCE_MS = 2_000;

export interface LaneWatchParts {
  readonly lanes: readonly LaneName[];
  readonly store: Pick<LaneStore, 'laneCheckpoint'>;
  readonly look: Pick<LaneLook, 'fullness' | 'waiting'>;
  readonly now: () => number;
}

/**
 * How far behind the lanes are, whoever owns them, and how full their stream is. Told by every process, and by what the broker says: who
 * owns a lane cannot tell while the database is away, for then nobody owns any, and that is when it matters.
 */
export class LaneWatch implements Chore {
  readonly name = 'look at the lanes';
  readonly everyMs = 10_000;
  readonly #parts: LaneWatchParts;
  /** As last known; null before anything was. */
  #places: ReadonlyMap<LaneName, LanePosition | null> | null = null;
  /** Of the last look; null where it could not tell. */
  #lagSeconds: ReadonlyMap<LaneName, number> | null = null;
  #messages = 0;
  #fullness: number | null = null;
  #trouble: Error | null = null;

  constructor(parts: LaneWatchParts) {
    this.#parts = parts;
  }

  /** Looks once. Never throws: what could not be had is told by `progress`. */
  async run(): Promise<void> {
    const { look } = this.#parts;
    this.#trouble = null;
    await this.#lookAtPlaces().catch((error: unknown) => (this.#trouble = asError(error)));
    try {
      this.#fullness = await look.fullness();
      await this.#lookAtLanes();
    } catch (error) {
      this.#fullness = null;
      this.#lagSeconds = null;
      this.#trouble = asError(error);
    }
  }

  /** Messages that wait, and the places of the lanes. @throws what kept the last look from telling. */
  progress(): WorkProgress {
    if (this.#trouble !== null) throw this.#trouble;
    return { lag: this.#messages, position: Array.from(this.#places ?? [], ([lane, place]) => `${lane} ${place?.sequence ?? 0}`).join() };
  }

  measure(metrics: Metrics): void {
    metrics.gauge('commands_fullness', 'Share of its bytes that the stream of commands holds, 0 to 1; absent while the broker is away', [], (gauge) => {
      gauge.reset();
      if (this.#fullness === null) gauge.remove();
      else gauge.set(this.#fullness);
    });
    metrics.gauge('lane_lag_seconds', 'Age of the oldest command of a lane that is not decided, whoever owns it; absent where nobody can tell', ['lane'], (gauge) => {
      gauge.reset();
      for (const [lane, seconds] of this.#lagSeconds ?? []) gauge.set({ lane }, seconds);
    });
  }

  async #lookAtPlaces(): Promise<void> {
    const { lanes, store } = this.#parts;
    const late = new AbortController();
    const asked = lanePlaces(store, lanes);
    const patience = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(() => {
      throw new UnavailableError(`the write database does not answer within ${PATIENCE_MS} ms`);
    });
    try {
      this.#places = await Promise.race([asked, patience]);
    } finally {
      late.abort();
      for (const one of [asked, patience]) void one.catch(() => {});
    }
  }

  async #lookAtLanes(): Promise<void> {
    const { look, now } = this.#parts;
    if (this.#places === null) return;
    const waiting = await look.waiting(this.#places);
    this.#messages = Array.from(waiting.values(), ({ messages }) => messages).reduce((sum, messages) => sum + messages, 0);
    this.#lagSeconds = new Map(Array.from(waiting, ([lane, { oldestAt }]) => [lane, oldestAt === null ? 0 : Math.max(0, (now() - oldestAt) / 1000)]));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
