import { keyText, type EventStore } from '@clientele/event-store';
import { getOrCreateAggregateIds } from '../../identity/aggregate-ids.ts';
import { settle } from '../../handlers/command-handler.ts';
import type { Batch } from '../batch.ts';
import type { CommandFailures } from '../command-failures.ts';
import { RecordWork } from '../record-work.ts';
import type { Stage } from '../stage.ts';
import type { TakeUp } from '../take-up.ts';
import type { WorkItem } from '../work-item.ts';

/** Takes out what the ledger knows already, puts waiting commands in the place of orders about them, and gives every record its aggregate id. */
export class MapIdentityStage implements Stage {
  readonly name = 'map-identity';
  readonly #store: Pick<EventStore, 'load'>;

  readonly #takeUp: TakeUp;
  readonly #failures: CommandFailures;

  constructor(store: Pick<EventStore, 'load'>, takeUp: TakeUp, failures: CommandFailures) {
    this.#store = store;
    this.#takeUp = takeUp;
    this.#failures = failures;
  }

  async run(batch: Batch): Promise<void> {
    if (batch.items.length === 0) return;
    const keys = [...new Map(batch.items.flatMap(keyOf).map((key) => [keyText(key), key])).values()];
    const { mappings, known, parked } = await this.#store.load({
      keys, commandIds: batch.items.map(({ received }) => received.commandId), parked: targetsOf(batch.items),
    });
    batch.items = batch.items.filter((item) => {
      const isRepeat = known.has(item.received.commandId);
      if (isRepeat) batch.repeated(item);
      return !isRepeat;
    });
    const orders = onePerTarget(batch.open());
    for (const [item, target] of orders) this.#failures.guard(item, () => this.#takeUp.run(item, parked.get(target)));
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

function keyOf({ admitted, order }: WorkItem) {
  const { key } = order ?? admitted ?? { key: null };
  return key === null ? [] : [key];
}

function targetsOf(items: readonly WorkItem[]): string[] {
  return [...new Set(items.flatMap(({ order }) => (order === null ? [] : [order.target])))];
}

/** A waiting row moves once in a unit: what people order comes before another attempt, and of that the first; the others find it done. */
function onePerTarget(items: readonly WorkItem[]): (readonly [WorkItem, string])[] {
  const chosen = new Map<string, WorkItem>();
  for (const item of items) {
    if (item.order === null) continue;
    const rival = chosen.get(item.order.target);
    const [first, other] = rival === undefined || (isAttempt(rival) && !isAttempt(item)) ? [item, rival] : [rival, item];
    chosen.set(item.order.target, first);
    if (other !== undefined) other.settlement = settle('superseded', 'another_order');
  }
  return Array.from(chosen, ([target, item]) => [item, target] as const);
}

function isAttempt({ received }: WorkItem): boolean {
  return received.readable && received.command.type === 'RedriveParked';
}
