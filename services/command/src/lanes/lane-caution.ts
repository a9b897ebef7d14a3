const BECOMES_CAREFUL = 3;
const GIVES_UP = 6;

/**
 * What is done when a unit as a whole, not one of its commands, fails for a bug again and again: first it is cut down to one message,
 * then the commands of that message are put aside whole, so that not even our own mistakes stop a lane for ever.
 */
export class LaneCaution {
  #failures = 0;
  #reason = '';

  failed(error: unknown): void {
    this.#failures += 1;
    this.#reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }

  succeeded(): void {
    this.#failures = 0;
  }

  get oneMessageAtATime(): boolean {
    return this.#failures >= BECOMES_CAREFUL;
  }

  /** Why the next unit is to be parked as it is; null: it is to be decided. */
  get parkReason(): string | null {
    return this.#failures >= GIVES_UP ? this.#reason : null;
  }
}
