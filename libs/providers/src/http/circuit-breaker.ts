export interface BreakerState {
  /** `half_open`: one trial call is on its way. */
  readonly state: 'closed' | 'open' | 'half_open';
  /** Failures in a row. */
  readonly failures: number;
  /** When the next trial may go out, ms since 1970; null while closed. */
  readonly retryAt: number | null;
}

export interface BreakerOptions {
  /** Failures in a row that open it (default 5). */
  readonly threshold?: number;
  /** Between two trial calls, ms (default 30 s). */
  readonly trialEveryMs?: number;
  /** Ms since 1970. */
  readonly now: () => number;
}

/**
 * Spares a service that fails, and our callers the wait: opens after some failures in a row; from then on one trial call goes out in each
 * interval, and the first that succeeds closes it. A trial that is never heard of again blocks nothing.
 */
export class CircuitBreaker {
  readonly #threshold: number;
  readonly #trialEveryMs: number;
  readonly #now: () => number;
  #failures = 0;
  #nextTrial = 0;
  #trying = false;

  constructor({ threshold = 5, trialEveryMs = 30_000, now }: BreakerOptions) {
    this.#threshold = threshold;
    this.#trialEveryMs = trialEveryMs;
    this.#now = now;
  }

  /** Whether a call may go out: null if so, else when to come back, ms since 1970. Each call that may must be told of by the next two. */
  admit(): number | null {
    if (this.#failures < this.#threshold) return null;
    if (this.#now() < this.#nextTrial) return this.#nextTrial;
    this.#nextTrial = this.#now() + this.#trialEveryMs;
    this.#trying = true;
    return null;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  failed(): void {
    this.#failures += 1;
    this.#trying = false;
    if (this.#failures >= this.#threshold) this.#nextTrial = this.#now() + this.#trialEveryMs;
  }

  state(): BreakerState {
    const failures = this.#failures;
    if (failures < this.#threshold) return { state: 'closed', failures, retryAt: null };
    return { state: this.#trying ? 'half_open' : 'open', failures, retryAt: this.#nextTrial };
  }
}
