/** A bell that is never missed: a ring between `heard` and `wait` ends the wait at once. */
export class WakeUp {
  #rings = 0;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rings += 1;
    this.#wake?.();
  }

  /** How often it has rung. */
  heard(): number {
    return this.#rings;
  }

  /** Waits for a ring after `heard`, at most `ms`, or until `signal` aborts. */
  async wait(heard: number, ms: number, signal: AbortSignal): Promise<void> {
    if (this.#rings !== heard || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
