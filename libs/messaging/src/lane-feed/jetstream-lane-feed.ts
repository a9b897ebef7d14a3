import { setTimeout as delay } from 'node:timers/promises';
import { laneSubject, UnavailableError, type LaneBatch, type LaneFeed, type LaneName, type LanePosition, type LaneReadOptions } from '@clientele/contracts';
import { backoffMs } from '../connection/backoff.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { openReader, type OpenReader } from '../reading/open-reader.ts';
import { ReadBreak, StreamMissing } from '../reading/read-break.ts';
import { createMissingStream } from '../topology/ensure-topology.ts';
import type { TopologyOptions } from '../topology/stream-settings.ts';
import type { StreamStatus } from '../topology/stream-status.ts';

export interface JetStreamLaneFeedOptions {
  readonly link: NatsLink;
  /** Most messages that are read ahead of the consumer of a lane (default 256). */
  readonly readAheadMessages?: number;
  /** Most bytes that are read ahead of the consumer of a lane (default 8 MiB; one larger message alone is held all the same). */
  readonly readAheadBytes?: number;
  /** The settings of COMMANDS, for when it was deleted and has to be made again. */
  readonly topology?: TopologyOptions;
  /** Told of every break, for the log. */
  readonly onBreak?: (lane: LaneName, reason: string) => void;
}

export interface LaneFeedStats {
  /** Readings that broke: a connection lost, a delivery missing, heartbeats that stayed away, a consumer or stream that was deleted. */
  readonly breaks: number;
  /** Consumers made. */
  readonly opened: number;
  /** Messages behind what each lane's reader took, as far as known. */
  readonly pending: Readonly<Record<string, number>>;
}

/** Reads lanes from COMMANDS, each as a log, by a consumer of its own without acknowledgements. */
export class JetStreamLaneFeed implements LaneFeed {
  readonly #options: JetStreamLaneFeedOptions;
  #breaks = 0;
  #opened = 0;
  readonly #pending = new Map<LaneName, number>();

  constructor(options: JetStreamLaneFeedOptions) {
    this.#options = options;
  }

  stats(): LaneFeedStats {
    return { breaks: this.#breaks, opened: this.#opened, pending: Object.fromEntries(this.#pending) };
  }

  /** Ends when `options.signal` aborts. @throws UnavailableError when the connection is closed for good. */
  async *read(lane: LaneName, after: LanePosition | null, options: LaneReadOptions): AsyncGenerator<LaneBatch, void, undefined> {
    const { link } = this.#options;
    const signal = AbortSignal.any([options.signal, link.over]);
    let place = after;
    let failures = 0;
    while (!signal.aborted) {
      let open: OpenReader | null = null;
      try {
        await link.whenConnected(signal);
        if (signal.aborted) break;
        open = await this.#open(lane, place);
        for (;;) {
          const messages = await open.reader.next(options.maxMessages ?? 64, signal);
          if (messages === null) break;
          failures = 0;
          const { created: incarnation } = open.status;
          const { pending } = open.reader;
          this.#pending.set(lane, pending);
          yield { incarnation, messages, pending };
          place = { incarnation, sequence: messages.at(-1)?.sequence ?? 0 };
        }
      } catch (error) {
        await this.#recover(lane, error);
        await delay(backoffMs(failures), undefined, { signal }).catch(() => undefined); // aborted: the loop ends
        failures += 1;
      } finally {
        open?.close();
      }
    }
    this.#pending.delete(lane);
    if (!options.signal.aborted) throw new UnavailableError('the connection to the broker is closed');
  }

  async #open(lane: LaneName, place: LanePosition | null): Promise<OpenReader> {
    const { link, readAheadMessages = 256, readAheadBytes = 8 * 1024 * 1024 } = this.#options;
    const open = await openReader({
      link,
      stream: 'commands',
      filterSubject: laneSubject(lane),
      maxMessages: readAheadMessages,
      maxBytes: readAheadBytes,
      startAt: (status) => startOf(place, status),
    });
    this.#opened += 1;
    return open;
  }

  /** Rethrows what time will not heal. */
  async #recover(lane: LaneName, error: unknown): Promise<void> {
    const healing = error instanceof ReadBreak || error instanceof StreamMissing || error instanceof UnavailableError;
    if (!healing) throw error;
    this.#breaks += 1;
    this.#options.onBreak?.(lane, error.message);
    if (!(error instanceof StreamMissing)) return;
    try {
      await createMissingStream(this.#options.link, 'commands', this.#options.topology);
    } catch (failure) {
      if (!(failure instanceof UnavailableError)) throw failure;
      this.#options.onBreak?.(lane, failure.message);
    }
  }
}

/** A place in another incarnation, or beyond the stream's end, says nothing of this stream: all of it is read. */
function startOf(place: LanePosition | null, status: StreamStatus): number | null {
  if (place === null || place.incarnation !== status.created || place.sequence > status.lastSequence) return null;
  return place.sequence + 1;
}
