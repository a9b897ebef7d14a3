import { STREAMS } from '@clientele/contracts';
import { apiErrorCode, type StoredMsg } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { createMissingStream } from '../topology/ensure-topology.ts';
import { brokerError, streamStatus, type StreamStatus } from '../topology/stream-status.ts';
import type { TopologyOptions } from '../topology/stream-settings.ts';
import { placeOf, type LogPlace } from './event-message.ts';

/** How the stream EVENTS stands, as a copy of the log. */
export interface EventStreamState extends StreamStatus {
  /** Its first and last message; null where it is empty, or another than the relay wrote the message. */
  readonly first: LogPlace | null;
  readonly last: LogPlace | null;
}

const NO_MESSAGE = 10037;

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
    const [first, last] = await Promise.all([
      storedMessage(this.#link, { seq: status.firstSequence }),
      storedMessage(this.#link, { last_by_subj: 'crm.events.>' }),
    ]);
    return { ...status, first: placeOf(first?.header), last: placeOf(last?.header) };
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

/** @returns null where there is no such message. @throws UnavailableError */
export async function storedMessage(link: NatsLink, query: { seq: number } | { last_by_subj: string }): Promise<StoredMsg | null> {
  try {
    return await link.request(() => link.manager.streams.getMessage(STREAMS.events, query));
  } catch (error) {
    if (apiErrorCode(error) === NO_MESSAGE) return null;
    throw brokerError(`cannot read a message of stream ${STREAMS.events}`, error);
  }
}
