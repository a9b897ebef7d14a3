import { laneSubject, STREAMS, type LaneName, type LanePosition } from '@clientele/contracts';
import { DeliverPolicy } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { brokerError, streamStatus } from '../topology/stream-status.ts';
import { atPlace, fullnessOf } from './lane-look.ts';

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
    const start = { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() };
    return await atPlace(this.#options.link, 'commands by their time', start, ({ delivered }) => delivered.stream_seq + 1);
  }
}
