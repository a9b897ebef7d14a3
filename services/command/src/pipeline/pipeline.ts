import type { CommitResult } from '@clientele/event-store';
import { MovedLaneError } from '../errors/moved-lane-error.ts';
import type { LaneSession } from '../lanes/lane-session.ts';
import type { LaneWork } from '../lanes/lane-work.ts';
import { Batch } from './batch.ts';
import type { PipelineMetrics } from './pipeline-metrics.ts';
import type { Stage } from './stage.ts';

/** A change that lost so many races is parked, that the rest of its batch may go on. */
const MOST_REDECISIONS = 5;

/** The way of a change: an ordered list of named stages that a batch goes through, from the first again after a conflict. */
export class EventProcessingPipeline {
  readonly #stages: readonly Stage[];
  readonly #metrics: PipelineMetrics;

  constructor(stages: readonly Stage[], metrics: PipelineMetrics) {
    this.#stages = stages;
    this.#metrics = metrics;
  }

  /**
   * Decides a unit of lane work and commits it with the lane's checkpoint.
   * @throws MovedLaneError when the lane is elsewhere by now: nothing was committed.
   * @throws UnavailableError when it is not known whether the commit took place: read the checkpoint again.
   */
  async process(session: LaneSession, work: LaneWork): Promise<Batch> {
    const conflicts = new Map<string, number>();
    let moved = 0;
    for (;;) {
      const batch = new Batch(session, work, lostTooOften(conflicts));
      for (const stage of this.#stages) await this.#metrics.timed(stage.name, () => stage.run(batch));
      const { result } = batch;
      if (result === null) throw new Error('no stage appended the batch');
      if (result.status === 'committed') return batch;
      if (result.status === 'stale_lane') throw new MovedLaneError(result.lane);
      this.#metrics.conflict(result.status);
      if (result.status === 'settled_meanwhile') {
        // Another process moved the waiting row: what is loaded next no longer has it.
        moved += 1;
        if (moved > work.received.length) throw new Error(`dead letter ${result.commandId} waits when it is loaded, and not when it is settled`);
        continue;
      }
      const loser = contestedBy(result);
      conflicts.set(loser, (conflicts.get(loser) ?? 0) + 1);
      session.cache.evict(loser);
    }
  }
}

function contestedBy(result: Extract<CommitResult, { status: 'conflict' | 'mapping_conflict' }>): string {
  return result.status === 'conflict' ? result.streamId : result.aggregateId;
}

function lostTooOften(conflicts: ReadonlyMap<string, number>): ReadonlySet<string> {
  return new Set([...conflicts].filter(([, count]) => count > MOST_REDECISIONS).map(([aggregateId]) => aggregateId));
}
