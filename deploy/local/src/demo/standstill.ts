/** Tells when something that ought to move has not for a while. */
export class Standstill {
  readonly #limitMs: number;
  #last: unknown;
  #since = Date.now();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** @param seen how it stands now; anything that `===` tells apart. */
  reached(seen: unknown): boolean {
    if (seen !== this.#last) this.#since = Date.now();
    this.#last = seen;
    return Date.now() - this.#since > this.#limitMs;
  }
}
