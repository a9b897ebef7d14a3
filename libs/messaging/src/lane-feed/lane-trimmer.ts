import { laneSubject, STREAMS, type LaneName, type LanePosition } from '@clientele/contracts';
import { AckPolicy, DeliverPolicy, nanos, nuid, type ConsumerConfig, type ConsumerInfo } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { brokerError, streamStatus, type StreamStatus } from '../topology/stream-status.ts';

export interface LaneTrimmerOptions {
  readonly link: NatsLink;
  /** How long decided messages stay, so that a database restored from a backup can decide them again (default 48 h). */
  readonly keepMs?: number;
  /** Share of the stream's bytes above which decided messages go at once (default 0.8). */
  readonly fullShare?: number;
}

export interface TrimResult {
  /** Messages taken out. */
  readonly purged: number;
  /** Share of its bytes that the stream holds now, 0 to 1; 0 where it is unbounded. */
  readonly fullness: number;
}

/** Takes decided messages out of COMMANDS: behind the checkpoints only, and only those old enough unless the stream fills up. */
export class LaneTrimmer {
  readonly #options: LaneTrimmerOptions;

  constructor(options: LaneTrimmerOptions) {
    this.#options = options;
  }

  /** `checkpoints`: each lane's committed place. A lane that is not named is left alone. @throws UnavailableError */
  async trim(checkpoints: ReadonlyMap<LaneName, LanePosition>): Promise<TrimResult> {
    const { link, keepMs = 48 * 3_600_000, fullShare = 0.8 } = this.#options;
    const status = await streamStatus(link, 'commands');
    if (status === null || status.messages === 0) return { purged: 0, fullness: 0 };
    const keepFrom = fullnessOf(status) > fullShare ? Infinity : await this.#firstSequenceSince(new Date(Date.now() - keepMs));
    let purged = 0;
    for (const [lane, checkpoint] of checkpoints) {
      const upTo = Math.min(checkpoint.sequence + 1, keepFrom);
      if (upTo > status.firstSequence) purged += await this.#purge(lane, checkpoint, upTo);
    }
    const after = purged === 0 ? status : await streamStatus(link, 'commands');
    return { purged, fullness: after === null ? 0 : fullnessOf(after) };
  }

  /** How many messages lie behind each lane's committed place (null: none is decided). @throws UnavailableError */
  async pending(checkpoints: ReadonlyMap<LaneName, LanePosition | null>): Promise<ReadonlyMap<LaneName, number>> {
    const status = await streamStatus(this.#options.link, 'commands');
    const pending = new Map<LaneName, number>();
    for (const [lane, checkpoint] of checkpoints) {
      const decided = checkpoint?.incarnation === status?.created ? (checkpoint?.sequence ?? 0) : 0;
      const start = { filter_subject: laneSubject(lane), deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: decided + 1 };
      pending.set(lane, status === null ? 0 : (await this.#lookUp('how much a lane has left', start)).num_pending);
    }
    return pending;
  }

  /** Messages of the lane below the sequence `below`. */
  async #purge(lane: LaneName, checkpoint: LanePosition, below: number): Promise<number> {
    const { link } = this.#options;
    // A purge names sequences and no incarnation: this is asked as late as can be, since in a stream made anew they are undecided messages.
    const status = await streamStatus(link, 'commands');
    if (status?.created !== checkpoint.incarnation || checkpoint.sequence > status.lastSequence) return 0;
    try {
      const { purged } = await link.request(() => link.manager.streams.purge(STREAMS.commands, { filter: laneSubject(lane), seq: below }));
      return purged;
    } catch (error) {
      throw brokerError(`cannot purge lane ${lane}`, error);
    }
  }

  /** The sequence of the first message stored at `since` or later; of the next one where there is none. */
  async #firstSequenceSince(since: Date): Promise<number> {
    const { delivered } = await this.#lookUp('commands by their time', { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() });
    return delivered.stream_seq + 1;
  }

  /** The broker looks a place up for a consumer that starts there, and says where that is and what lies behind it. */
  async #lookUp(what: string, start: Partial<ConsumerConfig>): Promise<ConsumerInfo> {
    const { link } = this.#options;
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
      await link.request(() => link.manager.consumers.delete(STREAMS.commands, name));
      return consumer;
    } catch (error) {
      throw brokerError(`cannot find ${what}`, error);
    }
  }
}

function fullnessOf({ bytes, maxBytes }: StreamStatus): number {
  return maxBytes > 0 ? bytes / maxBytes : 0;
}
