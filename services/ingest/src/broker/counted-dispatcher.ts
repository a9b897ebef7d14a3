import type { Command, EventDispatcher } from '@clientele/contracts';

/** A dispatcher that knows how many commands it has sent: by that can be told whether work moves. */
export class CountedDispatcher implements EventDispatcher {
  readonly #inner: EventDispatcher;
  #stored = 0;

  constructor(inner: EventDispatcher) {
    this.#inner = inner;
  }

  get stored(): number {
    return this.#stored;
  }

  async dispatch(commands: readonly Command[]): Promise<void> {
    await this.#inner.dispatch(commands);
    this.#stored += commands.length;
  }
}
