import { initialRecord } from '@clientele/domain';
import type { RecordStore } from '@clientele/event-store';
import type { Batch } from '../batch.ts';
import type { Stage } from '../stage.ts';

/** Brings every record to what its stream says: from the lane's cache, else from the store. */
export class LoadStage implements Stage {
  readonly name = 'load';
  readonly #store: RecordStore;

  constructor(store: RecordStore) {
    this.#store = store;
  }

  async run({ records, session: { cache } }: Batch): Promise<void> {
    const missing = [];
    for (const record of records.values()) {
      const cached = cache.get(record.aggregateId);
      if (cached !== undefined) record.loaded(cached);
      else if (!record.isNew) missing.push(record);
    }
    if (missing.length === 0) return;
    const states = await this.#store.readRecords(missing.map(({ aggregateId }) => aggregateId));
    for (const record of missing) {
      const state = states.get(record.aggregateId) ?? initialRecord;
      record.loaded(state);
      cache.put(record.aggregateId, state);
    }
  }
}
