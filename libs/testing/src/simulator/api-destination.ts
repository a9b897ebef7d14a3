import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { post, type Answer } from './post.ts';
import { Random } from './random.ts';
import { pauseBefore, type RetryPolicy, retries } from './retry-policy.ts';

export interface ApiDestinationOptions {
  readonly url: string;
  /** Name and secret of the header that the connection adds; `x-api-key` by default. */
  readonly apiKey: { readonly header?: string; readonly value: string };
  /** How long an answer may take, whole, in milliseconds. EventBridge: 5,000. */
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Most invocations a second, retries included. EventBridge: 300 unless told otherwise. */
  readonly ratePerSecond?: number;
  /** Most events under way, waiting for their retry included; the next is not taken up before. Default 64. */
  readonly concurrency?: number;
  /** Ends retries and deliveries. */
  readonly signal?: AbortSignal;
}

/** What became of one event. */
export interface Delivery {
  readonly delivered: boolean;
  readonly attempts: number;
  /** Status of the last answer, or why there was none. */
  readonly last: number | string;
}

export interface DestinationCounts {
  sent: number;
  accepted: number;
  retried: number;
  /** Given up: refused for good, or retried too long. What EventBridge puts into the dead-letter queue. */
  dropped: number;
  inFlight: number;
  /** The last answer that was no success, or why there was none; null while all went well. */
  lastFailure: number | string | null;
}

const DEFAULT_RETRY: RetryPolicy = { attempts: 185, maxAgeMs: 86_400_000, firstPauseMs: 200, longestPauseMs: 10_000 };

/** Delivers events over HTTP as an EventBridge API destination does, faults and all: no order, each at least once. */
export class ApiDestination {
  readonly counts: DestinationCounts = { sent: 0, accepted: 0, retried: 0, dropped: 0, inFlight: 0, lastFailure: null };
  readonly #options: ApiDestinationOptions;
  readonly #retry: RetryPolicy;
  readonly #jitter = new Random('jitter');
  readonly #signal: AbortSignal;
  #nextTurn = 0;

  constructor(options: ApiDestinationOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any(options.signal === undefined ? [] : [options.signal]);
    // Every event that waits listens to it.
    setMaxListeners(0, this.#signal);
    this.#retry = { ...DEFAULT_RETRY, ...options.retry };
  }

  /** Takes events one by one, as many at a time as it may, and ends when all of them were delivered or given up. */
  async deliverAll<Event extends { readonly body: string }>(events: Iterable<Event>, done: (event: Event, delivery: Delivery) => void = () => {}): Promise<void> {
    const queue = events[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (let next = queue.next(); !next.done && !this.#stopped; next = queue.next()) done(next.value, await this.deliver(next.value.body));
    };
    await Promise.all(Array.from({ length: this.#options.concurrency ?? 64 }, worker));
  }

  async deliver(body: string): Promise<Delivery> {
    const { counts } = this;
    const begun = Date.now();
    counts.inFlight += 1;
    counts.sent += 1;
    try {
      for (let attempts = 1; ; attempts += 1) {
        await this.#turn();
        const answer = await this.#post(body);
        if (typeof answer.status === 'number' && answer.status >= 200 && answer.status < 300) {
          counts.accepted += 1;
          return { delivered: true, attempts, last: answer.status };
        }
        counts.lastFailure = answer.status;
        const pause = retries(answer) && attempts < this.#retry.attempts ? pauseBefore(attempts, answer, this.#retry, this.#jitter) : null;
        const inTime = pause !== null && Date.now() + pause - begun <= this.#retry.maxAgeMs;
        if (inTime) await this.#wait(pause);
        if (!inTime || this.#stopped) {
          counts.dropped += 1;
          return { delivered: false, attempts, last: answer.status };
        }
        counts.retried += 1;
      }
    } finally {
      counts.inFlight -= 1;
    }
  }

  #post(body: string): Promise<Answer> {
    const { url, apiKey, timeoutMs = 5000 } = this.#options;
    return post(url, body, { [apiKey.header ?? 'x-api-key']: apiKey.value }, timeoutMs);
  }

  /** Spreads invocations evenly over the second. */
  async #turn(): Promise<void> {
    const now = performance.now();
    const turn = Math.max(now, this.#nextTurn);
    this.#nextTurn = turn + 1000 / (this.#options.ratePerSecond ?? 300);
    if (turn - now >= 1) await this.#wait(turn - now);
  }

  async #wait(milliseconds: number): Promise<void> {
    try {
      await delay(milliseconds, undefined, { signal: this.#signal });
    } catch (error) {
      if (!this.#stopped) throw error;
    }
  }

  get #stopped(): boolean {
    return this.#signal.aborted;
  }
}
