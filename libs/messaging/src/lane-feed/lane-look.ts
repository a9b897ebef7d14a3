import { laneSubject, STREAMS, type LaneName, type LanePosition } from '@clientele/contracts';
import { AckPolicy, DeliverPolicy, nanos, nuid, type ConsumerConfig, type ConsumerInfo } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { toStreamMessage } from '../reading/delivery.ts';
import { brokerError, streamStatus, type StreamStatus } from '../topology/stream-status.ts';

/** What lies behind a place of a lane. */
export interface LaneWaiting {
  readonly messages: number;
  /** When the oldest of them was stored, milliseconds since 1970; null where there is none. */
  readonly oldestAt: number | null;
}

const FETCH_TIMEOUT_MS = 5_000;

/** Looks at COMMANDS without reading it. */
export class LaneLook {
  readonly #link: NatsLink;

  constructor(link: NatsLink) {
    this.#link = link;
  }

  /** Share of its bytes that the stream holds, 0 to 1; 0 where it is unbounded or missing. @throws UnavailableError */
  async fullness(): Promise<number> {
    const status = await streamStatus(this.#link, 'commands');
    return status === null ? 0 : fullnessOf(status);
  }

  /** What lies behind each lane's committed place (null: nothing is decided). @throws UnavailableError */
  async waiting(places: ReadonlyMap<LaneName, LanePosition | null>): Promise<ReadonlyMap<LaneName, LaneWaiting>> {
    const status = await streamStatus(this.#link, 'commands');
    const waiting = new Map<LaneName, LaneWaiting>();
    for (const [lane, place] of places) {
      const decided = place?.incarnation === status?.created ? (place?.sequence ?? 0) : 0;
      waiting.set(lane, status === null ? { messages: 0, oldestAt: null } : await this.#behind(lane, decided));
    }
    return waiting;
  }

  async #behind(lane: LaneName, sequence: number): Promise<LaneWaiting> {
    const start = { filter_subject: laneSubject(lane), deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence + 1 };
    return await atPlace(this.#link, 'how much a lane has left', start, async ({ name, num_pending: messages }) => ({
      messages, oldestAt: messages === 0 ? null : await this.#storedAt(name),
    }));
  }

  /** Of the first message that a new consumer delivers. */
  async #storedAt(consumer: string): Promise<number | null> {
    const { nats } = this.#link;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${STREAMS.commands}.${consumer}`;
    // By a subscription of its own: what a stream delivers keeps its subject, by which shared ones would not know it.
    const options = { timeout: FETCH_TIMEOUT_MS, noMux: true };
    const message = await this.#link.request(() => nats.request(subject, JSON.stringify({ batch: 1, no_wait: true }), options));
    return toStreamMessage(message)?.storedAt ?? null;
  }
}

export function fullnessOf({ bytes, maxBytes }: StreamStatus): number {
  return maxBytes > 0 ? bytes / maxBytes : 0;
}

/**
 * The broker looks a place up for a consumer that starts there, and says where that is and what lies behind it.
 * @throws UnavailableError
 */
export async function atPlace<T>(link: NatsLink, what: string, start: Partial<ConsumerConfig>, tell: (consumer: ConsumerInfo) => Promise<T> | T): Promise<T> {
  const name = nuid.next();
  try {
    const consumer = await link.request(() => link.manager.consumers.add(STREAMS.commands, {
      name,
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      headers_only: true,
      inactive_threshold: nanos(5000),
      ...start,
    }));
    const told = await tell(consumer);
    await link.request(() => link.manager.consumers.delete(STREAMS.commands, name));
    return told;
  } catch (error) {
    throw brokerError(`cannot find ${what}`, error);
  }
}
