import { STREAMS } from '@clientele/contracts';
import { createInbox, nanos, type Msg, type Subscription } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import type { StreamKind } from '../topology/stream-settings.ts';
import { toStreamMessage, type StreamMessage } from './delivery.ts';
import { ReadBreak } from './read-break.ts';

export interface PullReaderOptions {
  readonly link: NatsLink;
  readonly stream: StreamKind;
  readonly consumer: string;
  /** Most messages to hold that nobody has taken. */
  readonly maxMessages: number;
  /** Most bytes to hold that nobody has taken; one larger message alone is held all the same. */
  readonly maxBytes: number;
}

const HEARTBEAT_MS = 1000;
/** Beats that may fail to come before the reader takes the consumer for dead. */
const MISSED_BEATS = 3;
const PULL_EXPIRES_MS = 30_000;
/** What the broker counts for a message beside its payload: subject, reply subject, headers. */
const MESSAGE_OVERHEAD_BYTES = 64 * 1024;

/**
 * Pulls what one consumer delivers, bounded, and proves that nothing is missing: deliveries are numbered, and any doubt (a number left
 * out, a connection that broke, heartbeats that stay away, a consumer that is gone) breaks the reader for good.
 */
export class PullReader {
  readonly #options: PullReaderOptions;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #offDrop: () => void;
  readonly #beat: NodeJS.Timeout;
  #queue: StreamMessage[] = [];
  #queuedBytes = 0;
  #brokerPending = 0;
  #delivered = 0;
  /** The last pull request: for how many messages, and how many it may still bring; 0: it is over. */
  #pull = { number: 0, batch: 0, left: 0 };
  /** The next message has no room beside those that are held: it is asked for alone, once none is. */
  #nextIsLarge = false;
  #silentBeats = 0;
  #broken: ReadBreak | null = null;
  #wake: (() => void) | null = null;

  constructor(options: PullReaderOptions) {
    this.#options = options;
    const { nats } = options.link;
    this.#inbox = createInbox(options.link.inboxPrefix);
    this.#subscription = nats.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => (error === null ? this.#receive(message) : this.#break(`the subscription failed: ${error.message}`)),
    });
    this.#offDrop = options.link.onDrop(() => this.#break('the connection to the broker broke'));
    this.#beat = setInterval(() => this.#checkBeat(), HEARTBEAT_MS).unref();
    this.#request();
  }

  /**
   * Waits for the next message and takes what is there, at most `most`; null when `signal` aborts.
   * @throws ReadBreak when the reader is broken: it is of no more use.
   */
  async next(most: number, signal: AbortSignal): Promise<readonly StreamMessage[] | null> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        if (this.#broken !== null) throw this.#broken;
        if (this.#queue.length > 0) return this.#take(most);
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      return null;
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** Messages that the broker is known to hold behind those that were taken. */
  get pending(): number {
    return this.#queue.length + this.#brokerPending;
  }

  close(): void {
    clearInterval(this.#beat);
    this.#offDrop();
    this.#subscription.unsubscribe();
    this.#queue = [];
    this.#broken ??= new ReadBreak('the reader is closed');
  }

  #take(most: number): readonly StreamMessage[] {
    const taken = this.#queue.splice(0, most);
    for (const message of taken) this.#queuedBytes -= message.data.length;
    this.#request();
    return taken;
  }

  /** Asks for as much as there is room for, once half the room is free and no request is open. */
  #request(): void {
    const { link, stream, consumer, maxMessages, maxBytes } = this.#options;
    if (this.#broken !== null || this.#pull.left > 0 || !link.connected) return;
    const held = this.#queue.length;
    if (this.#nextIsLarge ? held > 0 : held * 2 > maxMessages || this.#queuedBytes * 2 > maxBytes) return;
    const batch = this.#nextIsLarge ? 1 : maxMessages - held;
    this.#pull = { number: this.#pull.number + 1, batch, left: batch };
    const request = {
      batch,
      max_bytes: this.#nextIsLarge ? link.maxPayload + MESSAGE_OVERHEAD_BYTES : maxBytes - this.#queuedBytes,
      expires: nanos(PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const reply = `${this.#inbox}.${this.#pull.number}`;
    link.nats.publish(`$JS.API.CONSUMER.MSG.NEXT.${STREAMS[stream]}.${consumer}`, JSON.stringify(request), { reply });
  }

  #receive(message: Msg): void {
    if (this.#broken !== null) return;
    this.#silentBeats = 0;
    const delivered = toStreamMessage(message);
    if (delivered === null) return this.#receiveStatus(message);
    this.#delivered += 1;
    if (delivered.delivery !== this.#delivered) return this.#break(`delivery ${this.#delivered} is missing, ${delivered.delivery} came`);
    this.#queue.push(delivered);
    this.#queuedBytes += delivered.data.length;
    this.#brokerPending = delivered.pending;
    this.#pull.left -= 1;
    this.#nextIsLarge = false;
    this.#wake?.();
  }

  #receiveStatus(message: Msg): void {
    const { code = 0, description = '' } = message.headers ?? {};
    if (code === 100) return;
    // The end of an earlier request, of which everything came.
    if (message.subject !== `${this.#inbox}.${this.#pull.number}`) return;
    if (!isOrdinaryEnd(code, description)) return this.#break(`the broker ended the reading: ${code} ${description}`);
    // The broker ends a request that the next message does not fit into.
    if (NO_ROOM.test(description) && this.#pull.left === this.#pull.batch) this.#nextIsLarge = true;
    this.#pull.left = 0;
    this.#request();
  }

  #checkBeat(): void {
    if (this.#pull.left === 0) return;
    this.#silentBeats += 1;
    if (this.#silentBeats > MISSED_BEATS) this.#break('the broker is silent');
  }

  #break(reason: string): void {
    this.#broken ??= new ReadBreak(reason);
    this.#wake?.();
  }
}

const NO_ROOM = /maxbytes/i;

/** A request that expired, was filled, or had no room for the next message. */
function isOrdinaryEnd(code: number, description: string): boolean {
  return code === 408 || code === 404 || (code === 409 && (NO_ROOM.test(description) || /batch completed/i.test(description)));
}
