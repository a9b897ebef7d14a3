/**
 * What time it is in an org: never earlier than a commit that has happened, and, while its history goes on, always earlier than the next.
 * So an answer that was made from the org's records and says when belongs where it says, however fast somebody walks through the history.
 */
export class OrgClock {
  readonly live: boolean;
  #last: number;
  #lastAt = performance.now();
  #next = Number.POSITIVE_INFINITY;
  #ahead = 0;

  constructor(live: boolean, startAt: number) {
    this.live = live;
    this.#last = startAt;
  }

  /** Milliseconds since 1970. Between two commits of a history it goes on as real time does, and waits before the next one. */
  now(): number {
    if (this.live) return Date.now() + this.#ahead;
    const went = this.#last + Math.floor(performance.now() - this.#lastAt) + this.#ahead;
    return Math.max(this.#last, Math.min(went, this.#next - 1));
  }

  /** Lets time pass without waiting for it; in a history, until just before its next commit. */
  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  /** @param next when the following commit is due; infinite where there is none, or where it will be whenever it is. */
  committed(at: number, next: number): void {
    if (!this.live) this.#ahead = 0;
    this.#last = Math.max(at, this.#last);
    this.#lastAt = performance.now();
    this.#next = next;
  }
}
