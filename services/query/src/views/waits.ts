import { UnavailableError } from '@clientele/contracts';
import type { Metrics } from '@clientele/service-kit';
import type { FastifyRequest } from 'fastify';

const DEFAULT_MOST = 2_000;

/** Requests that are held until something has happened: so many and no more, none longer than it asked for, none beyond its connection. */
export class Waits {
  readonly #most: number;
  readonly #gauge: ReturnType<Metrics['gauge']>;
  readonly #open = new Set<AbortController>();
  #stopping = false;

  constructor(metrics: Metrics, most: number = DEFAULT_MOST) {
    this.#most = most;
    this.#gauge = metrics.gauge('query_waiting_requests', 'Requests that are held until a view has come far enough');
  }

  /**
   * Runs what waits, with a signal that aborts after `seconds`, when the caller hangs up, and when the service stops.
   * @throws UnavailableError when too many wait already.
   */
  async hold<T>(request: FastifyRequest, seconds: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#open.size >= this.#most) throw new UnavailableError('too many requests wait');
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, seconds * 1000);
    request.signal.addEventListener('abort', abort, { once: true });
    this.#open.add(controller);
    this.#gauge.set(this.#open.size);
    if (this.#stopping) abort();
    try {
      return await run(controller.signal);
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener('abort', abort);
      this.#open.delete(controller);
      this.#gauge.set(this.#open.size);
    }
  }

  /** Ends all waiting: each request is answered with what is known. */
  stop(): void {
    this.#stopping = true;
    for (const controller of this.#open) controller.abort();
  }
}
