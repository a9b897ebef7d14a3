import type { LanePosition } from '@clientele/contracts';
import type { LaneCheckpoint } from '@clientele/event-store';
import { BugRate } from '../errors/bug-rate.ts';
import { StaleLaneError } from '../errors/stale-lane-error.ts';
import type { Batch } from '../pipeline/batch.ts';
import { RecordCache } from '../state-cache/record-cache.ts';
import { LaneCaution } from './lane-caution.ts';
import { PublisherNumbers } from './publisher-numbers.ts';

/** What a process knows of a lane for as long as it holds the lane's lease. */
export class LaneSession {
  readonly lane: string;
  readonly epoch: number;
  readonly cache: RecordCache;
  readonly bugs: BugRate;
  readonly caution = new LaneCaution();
  position: LanePosition | null = null;
  numbers = new PublisherNumbers(new Map());

  constructor(lane: string, epoch: number, cacheBytes: number) {
    this.lane = lane;
    this.epoch = epoch;
    this.cache = new RecordCache(cacheBytes);
    this.bugs = new BugRate(lane);
  }

  /**
   * Goes on from what is committed, whatever this process believed.
   * @throws StaleLaneError when the lane has another owner by now.
   */
  resume(checkpoint: LaneCheckpoint | null): void {
    if (checkpoint?.epoch !== this.epoch) throw new StaleLaneError(this.lane);
    this.position = checkpoint.position;
    this.numbers = new PublisherNumbers(checkpoint.publishers);
  }

  /** Takes over what a committed batch moved. */
  keep(batch: Batch): void {
    this.position = batch.work.to;
    this.caution.succeeded();
    this.numbers.keep(batch.work.count);
    this.bugs.add(batch.items.map(({ failedForBug }) => failedForBug));
    const writes = batch.result?.status === 'committed' ? batch.result.writes : [];
    const repeatedWrites = new Set(writes.filter(({ repeated }) => repeated).map(({ streamId }) => streamId));
    for (const { aggregateId, events, state } of batch.records.values()) {
      if (repeatedWrites.has(aggregateId)) this.cache.evict(aggregateId);
      else if (events.length > 0) this.cache.put(aggregateId, state);
    }
  }
}
