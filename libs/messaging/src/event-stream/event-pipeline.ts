import { noFault, type FaultPoint } from '@clientele/contracts';
import type { NatsLink } from '../connection/nats-link.ts';
import { publishAcked, type PublishResult } from '../publishing/publish-acked.ts';
import type { EventMessage } from './event-message.ts';

export interface EventPipelineOptions {
  readonly link: NatsLink;
  /** The sequence that the stream ends with. */
  readonly lastSequence: number;
  /** One more for each time that the stream is filled anew: the broker remembers message ids longer than a purge, and stores none twice. */
  readonly rebuildEpoch: number;
  /** Most messages on the way (default 256). */
  readonly maxMessages?: number;
  /** Most bytes on the way (default 8 MiB; one larger message goes alone). */
  readonly maxBytes?: number;
  /** How long to wait for the broker's word on one message (default 5 s). */
  readonly timeoutMs?: number;
  /** `relay.before-publish`, `relay.after-publish`. */
  readonly fault?: FaultPoint;
  /** Told of each message that is stored, in order. */
  readonly onStored?: (position: number) => void;
}

/** Why a pipeline broke. */
export interface PipelineFailure {
  readonly position: number;
  readonly reason: string;
  /** The broker knows the message from another place, and so did not store it: the stream is not what it seems. */
  readonly duplicate: boolean;
}

/**
 * Publishes entries one behind the other without waiting for each, every one fenced by what the stream must end with before it: whoever
 * else writes, and whatever is lost on the way, fails everything behind it. After the first failure nothing more is sent.
 */
export class EventPipeline {
  readonly #options: EventPipelineOptions;
  #sequence: number;
  /** Message id of the entry that was sent last. */
  #lastId: string | null = null;
  #messages = 0;
  #bytes = 0;
  #failure: PipelineFailure | null = null;
  #freed: (() => void) | null = null;

  constructor(options: EventPipelineOptions) {
    this.#options = options;
    this.#sequence = options.lastSequence;
  }

  /** Why the pipeline broke; null as long as it stands. */
  get failure(): PipelineFailure | null {
    return this.#failure;
  }

  get inFlight(): number {
    return this.#messages;
  }

  /**
   * Sends them in order, each as soon as there is room; those that find room go without a turn of the event loop between them, so that the client
   * writes them to the broker together. Resolves when all are sent, to false where the pipeline broke before.
   */
  async send(messages: Iterable<EventMessage>): Promise<boolean> {
    for (const message of messages) {
      while (this.#failure === null && !this.#hasRoom(message.data.length)) await new Promise<void>((resolve) => (this.#freed = resolve));
      if (this.#failure !== null) return false;
      void this.#publish(message);
    }
    return this.#failure === null;
  }

  #hasRoom(size: number): boolean {
    const { maxMessages = 256, maxBytes = 8 * 1024 * 1024 } = this.#options;
    return this.#messages === 0 || (this.#messages < maxMessages && this.#bytes + size <= maxBytes);
  }

  /** Resolves when nothing is on the way any more. */
  async drain(): Promise<void> {
    while (this.#messages > 0) await new Promise<void>((resolve) => (this.#freed = resolve));
  }

  async #publish(message: EventMessage): Promise<void> {
    const { link, rebuildEpoch, timeoutMs = 5000, fault = noFault, onStored } = this.#options;
    const { subject, data, headers, position, incarnation } = message;
    const messageId = `${incarnation}:${rebuildEpoch}:${position}`;
    const expectLastSequence = this.#sequence;
    // A sequence alone would let an entry through behind a stranger's message that took the place of its predecessor.
    const fence = this.#messages > 0 && this.#lastId !== null ? { expectLastMessageId: this.#lastId } : {};
    this.#sequence += 1;
    this.#lastId = messageId;
    this.#messages += 1;
    this.#bytes += data.length;
    fault('relay.before-publish');
    const result = await publishAcked(link, 'events', { subject, data, headers, messageId, expectLastSequence, ...fence }, timeoutMs);
    fault('relay.after-publish');
    this.#messages -= 1;
    this.#bytes -= data.length;
    // Known already, and where it belongs: another leader was a little faster.
    if (result.kind === 'stored' && result.sequence === expectLastSequence + 1) onStored?.(position);
    else this.#failure ??= failureOf(position, result);
    this.#freed?.();
  }
}

function failureOf(position: number, result: PublishResult): PipelineFailure {
  const duplicate = result.kind === 'stored';
  return { position, duplicate, reason: duplicate ? 'the broker had its message id already, elsewhere' : result.reason };
}
