import type { Lease } from './lease-keeper.ts';

/** Of the time to live, what stays unused: it covers the drift between our clock and the database's, and the way to the work's check. */
const MARGIN_MS = 100;

/** A lease in hand, with the clock that ends it when nobody has proved it to be ours. */
export class HeldLease implements Lease {
  readonly name: string;
  readonly epoch: number;
  readonly signal: AbortSignal;
  /** Resolves when the work has ended and the lease is given back. */
  done: Promise<void> = Promise.resolve();
  readonly #controller = new AbortController();
  readonly #onEnd: (reason: string) => void;
  #timer: NodeJS.Timeout | null = null;

  /** `deadline`: monotonic milliseconds until which the lease is surely ours, reckoned from before it was asked for. */
  constructor(name: string, epoch: number, deadline: number, onEnd: (reason: string) => void) {
    this.name = name;
    this.epoch = epoch;
    this.signal = this.#controller.signal;
    this.#onEnd = onEnd;
    this.provedUntil(deadline);
  }

  /** While its work ends, a lease is still renewed, but no longer by its own clock. */
  provedUntil(deadline: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => this.end('not renewed in time'), Math.max(0, deadline - MARGIN_MS - performance.now()));
  }

  end(reason: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.signal.aborted) return;
    this.#onEnd(reason);
    this.#controller.abort(new Error(reason));
  }
}
