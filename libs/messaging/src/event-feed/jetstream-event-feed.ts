import { setTimeout as delay } from 'node:timers/promises';
import {
  BehindRetentionError, decodeCloudEvent, UnavailableError, type EventFeed, type FeedBatch, type FeedPosition, type FeedReadOptions, type LogEntry,
} from '@clientele/contracts';
import { backoffMs } from '../connection/backoff.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { placeOf } from '../event-stream/event-message.ts';
import type { StreamMessage } from '../reading/delivery.ts';
import { openReader, type OpenReader } from '../reading/open-reader.ts';
import { ReadBreak, StreamMissing } from '../reading/read-break.ts';
import { startOf, type LogHead } from './start-of.ts';

export interface JetStreamEventFeedOptions {
  readonly link: NatsLink;
  /** Gives the entry at a position of the log, for one that was too large to be published whole. */
  readonly resolve: (position: number) => Promise<LogEntry>;
  /** Tells an empty stream whose entries have left from one that nothing is missing from. Without it both are waited on. */
  readonly head?: LogHead;
  /** Most messages that are read ahead (default 1000). */
  readonly readAheadMessages?: number;
  /** Most bytes that are read ahead (default 8 MiB; one larger message alone is held all the same). */
  readonly readAheadBytes?: number;
  /** By how many entries the stream may be behind the place that is asked for before it counts as not holding it (default 5000). */
  readonly mostBehind?: number;
  /** Told of every break, for the log. */
  readonly onBreak?: (reason: string) => void;
}

/**
 * Reads the copy of the log in EVENTS. Each message says its position and the log's incarnation: what does not follow the last entry
 * that was taken is never handed out.
 */
export class JetStreamEventFeed implements EventFeed {
  readonly #options: JetStreamEventFeedOptions;

  constructor(options: JetStreamEventFeedOptions) {
    this.#options = options;
  }

  /**
   * @throws BehindRetentionError when the stream does not hold what follows `after`: purged, with a hole, of another log, missing, or
   * being filled again and still far behind.
   * @throws UnavailableError when the connection is closed for good.
   */
  async *read(after: FeedPosition, options: FeedReadOptions): AsyncGenerator<FeedBatch, void, undefined> {
    const { link } = this.#options;
    const signal = AbortSignal.any([options.signal, link.over]);
    let place = after;
    let failures = 0;
    while (!signal.aborted) {
      let open: OpenReader | null = null;
      try {
        await link.whenConnected(signal);
        if (signal.aborted) break;
        open = await this.#open(place);
        for (;;) {
          const messages = await open.reader.next(options.maxEntries ?? 500, signal);
          if (messages === null) break;
          const batch = await this.#batch(messages, place, open.reader.pending);
          if (batch !== null) {
            failures = 0;
            yield batch;
            place = { incarnation: batch.incarnation, position: place.position + batch.entries.length };
          }
          if (batch?.entries.length !== messages.length) throw this.#misplaced(place, failures);
        }
      } catch (error) {
        if (error instanceof StreamMissing) throw new BehindRetentionError(error.message, { cause: error });
        if (!(error instanceof ReadBreak || error instanceof UnavailableError)) throw error;
        this.#options.onBreak?.(error.message);
        await delay(backoffMs(failures), undefined, { signal }).catch(() => undefined); // aborted: the loop ends
        failures += 1;
      } finally {
        open?.close();
      }
    }
    if (!options.signal.aborted) throw new UnavailableError('the connection to the broker is closed');
  }

  async #open(place: FeedPosition): Promise<OpenReader> {
    const { link, head, readAheadMessages = 1000, readAheadBytes = 8 * 1024 * 1024, mostBehind = 5000 } = this.#options;
    return await openReader({
      link,
      stream: 'events',
      maxMessages: readAheadMessages,
      maxBytes: readAheadBytes,
      startAt: async (status) => await startOf(link, place, status, { mostBehind, head }),
    });
  }

  /** The messages that follow `place` without a hole, as far as they do; null where not even the first does. */
  async #batch(messages: readonly StreamMessage[], place: FeedPosition, pending: number): Promise<FeedBatch | null> {
    const entries: LogEntry[] = [];
    let incarnation = place.incarnation;
    for (const message of messages) {
      const at = placeOf(message.headers);
      if (at === null || at.position !== place.position + entries.length + 1 || (incarnation !== null && at.incarnation !== incarnation)) break;
      incarnation = at.incarnation;
      const { data } = message;
      const { entry } = decodeCloudEvent(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8'));
      entries.push(entry ?? (await this.#options.resolve(at.position)));
    }
    if (incarnation === null || entries.length === 0) return null;
    return { incarnation, entries, head: place.position + messages.length + pending };
  }

  /** The stream may have been purged and filled again: it is looked at anew, once. */
  #misplaced(place: FeedPosition, failures: number): Error {
    const reason = `the stream does not continue with position ${place.position + 1}`;
    return failures === 0 ? new ReadBreak(reason) : new BehindRetentionError(reason);
  }
}
