import { keyText, type EventStore } from '@clientele/event-store';
import { getOrCreateAggregateIds } from '../../identity/aggregate-ids.ts';
import type { Batch } from '../batch.ts';
import { RecordWork } from '../record-work.ts';
import type { Stage } from '../stage.ts';
import type { WorkItem } from '../work-item.ts';

/** Takes out what the ledger knows already, and gives every record its aggregate id. */
export class MapIdentityStage implements Stage {
  readonly name = 'map-identity';
  readonly #store: Pick<EventStore, 'load'>;

  constructor(store: Pick<EventStore, 'load'>) {
    this.#store = store;
  }

  async run(batch: Batch): Promise<void> {
    if (batch.items.length === 0) return;
    const keys = [...new Map(batch.items.flatMap(keyOf).map((key) => [keyText(key), key])).values()];
    const { mappings, known } = await this.#store.load({ keys, commandIds: batch.items.map(({ received }) => received.commandId) });
    batch.items = batch.items.filter((item) => {
      const isRepeat = known.has(item.received.commandId);
      if (isRepeat) batch.repeated(item);
      return !isRepeat;
    });
    const identities = getOrCreateAggregateIds(keys, mappings);
    for (const item of batch.items) {
      for (const key of keyOf(item)) {
        const name = keyText(key);
        const identity = identities.get(name);
        if (identity !== undefined && !batch.records.has(name)) batch.records.set(name, new RecordWork(key, identity));
        item.record = batch.records.get(name) ?? null;
      }
    }
  }
}

function keyOf({ admitted }: WorkItem) {
  return admitted?.key ? [admitted.key] : [];
}
