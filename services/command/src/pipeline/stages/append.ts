import type { FaultPoint } from '@clientele/contracts';
import type { EventStore } from '@clientele/event-store';
import type { RetrySchedule } from '../../dead-letters/retry-schedule.ts';
import type { Batch } from '../batch.ts';
import { commitUnitOf } from '../commit-unit.ts';
import type { Stage } from '../stage.ts';

/** Commits all that the batch decided, its ledger rows and the lane's checkpoint, whole or not at all. */
export class AppendStage implements Stage {
  readonly name = 'append';
  readonly #store: Pick<EventStore, 'commit'>;
  readonly #retries: RetrySchedule;
  readonly #faultPoint: FaultPoint;

  constructor(store: Pick<EventStore, 'commit'>, retries: RetrySchedule, faultPoint: FaultPoint) {
    this.#store = store;
    this.#retries = retries;
    this.#faultPoint = faultPoint;
  }

  async run(batch: Batch): Promise<void> {
    const unit = commitUnitOf(batch, this.#retries);
    this.#faultPoint('lane.before-append');
    const [result] = await this.#store.commit([unit]);
    this.#faultPoint('lane.after-append');
    if (result === undefined) throw new Error('the store gave no result for the unit');
    batch.result = result;
  }
}
