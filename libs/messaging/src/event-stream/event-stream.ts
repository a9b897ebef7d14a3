import { STREAMS } from '@clientele/contracts';
import { apiErrorCode, type StoredMsg } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { createMissingStream } from '../topology/ensure-topology.ts';
import { brokerError, streamStatus, type StreamStatus } from '../topology/stream-status.ts';
import type { TopologyOptions } from '../topology/stream-settings.ts';
import { placeOf, type LogPlace } from './event-message.ts';

/** How the stream EVENTS stands, as a copy of the log. */
export interface EventStreamState extends StreamStatus {
  /** The first message when it was looked for: by then the one of {@link firstSequence} may have left. */
  readonly first: StoredPlace | null;
  /** The message of {@link lastSequence}, however many came since; the last one before it where it was deleted. */
  readonly last: StoredPlace | null;
}

/** A message of the stream; null stands for one that no relay wrote, and for none. */
export interface StoredPlace extends LogPlace {
  readonly sequence: number;
}

const NO_MESSAGE = 10037;
const EVERY_EVENT = 'crm.events.>';

/** The stream EVENTS, for the one who fills it. */
export class EventStream {
  readonly #link: NatsLink;
  readonly #topology: TopologyOptions;

  constructor(link: NatsLink, topology: TopologyOptions = {}) {
    this.#link = link;
    this.#topology = topology;
  }

  /** @returns null where there is no such stream. @throws UnavailableError */
  async state(): Promise<EventStreamState | null> {
    const status = await streamStatus(this.#link, 'events');
    if (status === null) return null;
    if (status.messages === 0) return { ...status, first: null, last: null };
    const [first, end] = await Promise.all([firstMessage(this.#link, status.firstSequence), storedMessage(this.#link, { seq: status.lastSequence })]);
    // Only where somebody deleted the very last message is it not there.
    const last = end ?? (await storedMessage(this.#link, { last_by_subj: EVERY_EVENT }));
    return { ...status, first: storedPlace(first), last: storedPlace(last) };
  }

  /** @throws UnavailableError */
  async createMissing(): Promise<void> {
    await createMissingStream(this.#link, 'events', this.#topology);
  }

  /** Takes every message out. Sequences go on where they were. @throws UnavailableError */
  async purge(): Promise<void> {
    try {
      await this.#link.request(() => this.#link.manager.streams.purge(STREAMS.events));
    } catch (error) {
      throw brokerError(`cannot purge stream ${STREAMS.events}`, error);
    }
  }
}

/** The first message from a sequence on, whatever has left meanwhile. @returns null where there is none. @throws UnavailableError */
export async function firstMessage(link: NatsLink, sequence: number): Promise<StoredMsg | null> {
  const query = { seq: sequence, next_by_subj: EVERY_EVENT };
  return await storedMessage(link, query);
}

export function storedPlace(message: StoredMsg | null): StoredPlace | null {
  const place = placeOf(message?.header);
  return place === null || message === null ? null : { ...place, sequence: message.seq };
}

async function storedMessage(link: NatsLink, query: { seq: number } | { last_by_subj: string }): Promise<StoredMsg | null> {
  try {
    return await link.request(() => link.manager.streams.getMessage(STREAMS.events, query));
  } catch (error) {
    if (apiErrorCode(error) === NO_MESSAGE) return null;
    throw brokerError(`cannot read a message of stream ${STREAMS.events}`, error);
  }
}
