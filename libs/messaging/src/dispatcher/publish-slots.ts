/**
 * How many publishes may be with the broker at a time, over all lanes. The broker writes them one after the other whatever lane they are
 * of, so more on the way would not be stored sooner, and what waits here meanwhile shares the next envelope and its sync.
 */
export class PublishSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Runs `publish` when it is its turn, in the order of the calls. */
  async use<T>(publish: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await publish();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
