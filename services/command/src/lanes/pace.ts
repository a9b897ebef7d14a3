import { setTimeout as sleep } from 'node:timers/promises';

/** Where a pace has its time from, in milliseconds from any moment on. */
export interface PaceClock {
  readonly now: () => number;
  /** Ends early, without an error, when `signal` aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const systemClock: PaceClock = {
  now: () => performance.now(),
  wait: async (ms, signal) => {
    await sleep(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  },
};

/**
 * Keeps turns apart. A turn costs the database much the same for one change as for a hundred: with nothing between the turns a trickle of
 * changes would use the machine up, and everybody would wait longer than they do for their turn.
 */
export class Pace {
  readonly #apartMs: number;
  readonly #clock: PaceClock;
  #next = -Infinity;

  constructor(apartMs: number, clock: PaceClock = systemClock) {
    this.#apartMs = apartMs;
    this.#clock = clock;
  }

  /** Resolves when the next turn may begin: at once where the last one began long enough ago. */
  async turn(signal: AbortSignal): Promise<void> {
    const wait = this.#next - this.#clock.now();
    if (wait >= 1) await this.#clock.wait(wait, signal);
    this.#next = this.#clock.now() + this.#apartMs;
  }
}
