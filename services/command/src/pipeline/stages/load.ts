import { decodeDomainEvent } from '@clientele/contracts';
import { replay } from '@clientele/domain';
import type { EventStore } from '@clientele/event-store';
import type { Batch } from '../batch.ts';
import type { Stage } from '../stage.ts';

/** Brings every record to what its stream says: from the lane's cache, else by replaying the stream. */
export class LoadStage implements Stage {
  readonly name = 'load';
  readonly #store: Pick<EventStore, 'readStreams'>;

  constructor(store: Pick<EventStore, 'readStreams'>) {
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
    const streams = await this.#store.readStreams(missing.map(({ aggregateId }) => ({ streamId: aggregateId, afterVersion: 0 })));
    for (const record of missing) {
      const state = replay((streams.get(record.aggregateId) ?? []).map(decodeDomainEvent));
      record.loaded(state);
      cache.put(record.aggregateId, state);
    }
  }
}
