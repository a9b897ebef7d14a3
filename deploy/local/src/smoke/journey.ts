import { setTimeout as delay } from 'node:timers/promises';
import { HOPS, type Hop } from './likely-cause.ts';

const PAUSE_MS = 2;

/** The way of one change: a line a hop, with the time since it was sent. */
export class Journey {
  /** The hop that is looked at. */
  current: Hop = 'accepted';
  readonly #begun = performance.now();
  readonly #patienceMs: number;
  readonly #print: (line: string) => void;

  constructor(patienceMs: number, print: (line: string) => void) {
    this.#patienceMs = patienceMs;
    this.#print = print;
  }

  elapsed(): string {
    return `${(performance.now() - this.#begun).toFixed(1)} ms`;
  }

  /** Asks until there is something to see. @throws Error when there is nothing in time, or the probe's own. */
  async hop<T>(hop: Hop, probe: () => Promise<T | null>, tell: (seen: T) => string = () => ''): Promise<T> {
    this.current = hop;
    const deadline = Date.now() + this.#patienceMs;
    for (;;) {
      const seen = await probe();
      if (seen !== null && seen !== false) {
        this.#print(`✓ ${hop.padEnd(10)} ${this.elapsed().padStart(10)}  by ${HOPS[hop].padEnd(10)} ${tell(seen)}`.trimEnd());
        return seen;
      }
      if (Date.now() > deadline) throw new Error(`not seen within ${this.#patienceMs / 1000} s`);
      await delay(PAUSE_MS);
    }
  }
}

