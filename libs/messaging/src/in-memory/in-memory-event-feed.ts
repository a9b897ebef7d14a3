import { randomUUID } from 'node:crypto';
import { BehindRetentionError, type EventFeed, type FeedBatch, type FeedPosition, type FeedReadOptions, type LogEntry } from '@clientele/contracts';
import { ChangeBell } from './change-bell.ts';

/** A log of this process, kept in memory, read as a feed. */
export class InMemoryEventFeed implements EventFeed {
  readonly #bell = new ChangeBell();
  readonly #incarnation: string;
  #entries: LogEntry[] = [];
  #head = 0;

  constructor(incarnation: string = randomUUID()) {
    this.#incarnation = incarnation;
  }

  get incarnation(): string {
    return this.#incarnation;
  }

  /** Entries whose positions follow the last one. @throws RangeError where they do not. */
  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (entry.position !== this.#head + 1) throw new RangeError(`position ${entry.position} does not follow ${this.#head}`);
      this.#entries.push(entry);
      this.#head = entry.position;
    }
    this.#bell.ring();
  }

  /** Forgets entries up to and with this position, as retention does. */
  forget(upTo: number): void {
    this.#entries = this.#entries.filter((entry) => entry.position > upTo);
  }

  async *read(after: FeedPosition, { signal, maxEntries = 500 }: FeedReadOptions): AsyncGenerator<FeedBatch, void, undefined> {
    if (after.incarnation !== null && after.incarnation !== this.#incarnation) throw new BehindRetentionError('the feed is of another log');
    let position = after.position;
    while (!signal.aborted) {
      const from = position;
      const entries = this.#entries.filter((entry) => entry.position > from).slice(0, maxEntries);
      const [first] = entries;
      if (first === undefined ? position < this.#head : first.position !== position + 1) {
        throw new BehindRetentionError(`the feed no longer holds position ${position + 1}`);
      }
      if (first === undefined) {
        await this.#bell.wait(signal);
        continue;
      }
      yield { incarnation: this.#incarnation, entries, head: this.#head };
      position = entries.at(-1)?.position ?? position;
    }
  }
}
