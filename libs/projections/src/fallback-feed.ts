import { BehindRetentionError, type EventFeed, type FeedBatch, type FeedPosition, type FeedReadOptions } from '@clientele/contracts';

/** Reads one feed for as long as it holds what is asked for, and where it does not, another until that is read up: a feed is a feed. */
export class FallbackFeed implements EventFeed {
  readonly #first: EventFeed;
  readonly #second: EventFeed;
  readonly #onFallback: (after: FeedPosition) => void;

  /** `second` holds everything, from the first entry on. `onFallback` is told each time that it has to be read. */
  constructor(first: EventFeed, second: EventFeed, onFallback: (after: FeedPosition) => void = () => {}) {
    this.#first = first;
    this.#second = second;
    this.#onFallback = onFallback;
  }

  async *read(after: FeedPosition, options: FeedReadOptions): AsyncGenerator<FeedBatch, void, undefined> {
    let at = after;
    while (!options.signal.aborted) {
      try {
        for await (const batch of this.#first.read(at, options)) {
          at = endOf(batch, at);
          yield batch;
        }
        return;
      } catch (error) {
        if (!(error instanceof BehindRetentionError)) throw error;
      }
      this.#onFallback(at);
      for await (const batch of this.#second.read(at, options)) {
        at = endOf(batch, at);
        yield batch;
        if (at.position >= batch.head) break;
      }
    }
  }
}

function endOf(batch: FeedBatch, before: FeedPosition): FeedPosition {
  return { incarnation: batch.incarnation, position: batch.entries.at(-1)?.position ?? before.position };
}
