import { setTimeout as sleep } from 'node:timers/promises';

const MOST_MS = 5_000;

/** Waits whose bound doubles, each drawn from nothing to the whole bound (full jitter), so that many who wait do not return together. */
export class Backoff {
  readonly #random: () => number;
  #waits = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** `firstMs` bounds the first wait; later ones reach 5 s, or `firstMs` where that is more. Ends early when `signal` aborts. */
  async wait(firstMs: number, signal: AbortSignal): Promise<void> {
    const bound = Math.min(firstMs * 2 ** this.#waits, Math.max(MOST_MS, firstMs));
    this.#waits += 1;
    await sleep(bound * this.#random(), undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  reset(): void {
    this.#waits = 0;
  }
}
