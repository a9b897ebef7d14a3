/** Where rounds have their time from. */
export interface RoundClock {
  /** Milliseconds from any moment on. */
  readonly now: () => number;
  /** Calls `then` after so many milliseconds; answers how to take that back. */
  readonly after: (ms: number, then: () => void) => () => void;
}

export interface PublishRoundsOptions {
  /** Least time between two rounds, in milliseconds. */
  readonly apartMs: number;
  /** How many commands are enough for a round of their own, however early. */
  readonly enough: number;
  /** Commands that wait, of all lanes. */
  readonly waiting: () => number;
  readonly clock?: RoundClock;
}

const systemClock: RoundClock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * When what waits is published, of all lanes at once. A publish costs the broker a sync, and each process on its way a wake-up, much the same
 * for one command as for many: a trickle is gathered for a moment, and what is enough for an envelope waits for nothing.
 */
export class PublishRounds {
  readonly #options: PublishRoundsOptions;
  readonly #clock: RoundClock;
  #last = -Infinity;
  #cancel: (() => void) | null = null;
  #held: (() => void)[] = [];

  constructor(options: PublishRoundsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** To be called when a command has come. */
  came(): void {
    if (this.#cancel !== null && this.#isEnough()) this.#begin();
  }

  /** Resolves when the next round begins: at once where the last is long enough ago, or enough waits. */
  async next(): Promise<void> {
    const { apartMs } = this.#options;
    const wait = this.#last + apartMs - this.#clock.now();
    if (this.#cancel === null && (wait <= 0 || this.#isEnough())) return this.#begin();
    this.#cancel ??= this.#clock.after(wait, () => this.#begin());
    await new Promise<void>((resolve) => this.#held.push(resolve));
  }

  #isEnough(): boolean {
    return this.#options.waiting() >= this.#options.enough;
  }

  #begin(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#last = this.#clock.now();
    const held = this.#held;
    this.#held = [];
    for (const resolve of held) resolve();
  }
}
