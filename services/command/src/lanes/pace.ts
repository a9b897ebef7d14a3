import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Keeps turns apart. A turn costs the database much the same for one change as for a hundred: with nothing between the turns a trickle of
 * changes would use the machine up, and everybody would wait longer than they do for their turn.
 */
export class Pace {
  readonly #apartMs: number;
  #next = -Infinity;

  constructor(apartMs: number) {
    this.#apartMs = apartMs;
  }

  /** Resolves when the next turn may begin: at once where the last one began long enough ago. Ends early when `signal` aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const wait = this.#next - performance.now();
    if (wait >= 1) {
      await sleep(wait, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    this.#next = performance.now() + this.#apartMs;
  }
}
