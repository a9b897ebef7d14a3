import type { LanePosition } from '@clientele/contracts';
import { BugRate } from '../errors/bug-rate.ts';
import type { Batch } from '../pipeline/batch.ts';
import { RecordCache } from '../state-cache/record-cache.ts';
import { LaneCaution } from './lane-caution.ts';
import type { LaneCheckpoint } from './lane-checkpoints.ts';
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

  /** Goes on from what is committed, whatever this process believed. */
  resume({ position, publishers }: LaneCheckpoint): void {
    this.position = position;
    this.numbers = new PublisherNumbers(publishers);
  }

  /** Takes over what a committed batch moved. */
  keep(batch: Batch): void {
    this.position = batch.work.to;
    this.caution.succeeded();
    this.numbers.keep(batch.work.count);
    this.bugs.add(batch.items.map(({ failedForBug }) => failedForBug));
    const repeatedWrites = new Set(batch.result?.status === 'committed' ? batch.result.writes.filter(({ repeated }) => repeated).map(({ streamId }) => streamId) : []);
    for (const { aggregateId, events, state } of batch.records.values()) {
      if (repeatedWrites.has(aggregateId)) this.cache.evict(aggregateId);
      else if (events.length > 0) this.cache.put(aggregateId, state);
    }
  }
}
