import { keyText, uuidV7 } from '@clientele/event-store';
import type { RecordKey } from '@clientele/domain';

export interface AggregateIdentity {
  readonly aggregateId: string;
  /** Whether the id is new: its mapping is written with the record's first event, or not at all. */
  readonly isNew: boolean;
}

/**
 * The aggregate id of each key, by `keyText`: the mapped one, else a new one of ours. Two creators may draw for the same key; the second
 * to commit is told `mapping_conflict` and decides again on the first one's aggregate.
 */
export function getOrCreateAggregateIds(
  keys: Iterable<RecordKey>,
  mapped: ReadonlyMap<string, string>,
): ReadonlyMap<string, AggregateIdentity> {
  const identities = new Map<string, AggregateIdentity>();
  for (const key of keys) {
    const name = keyText(key);
    if (identities.has(name)) continue;
    const known = mapped.get(name);
    identities.set(name, { aggregateId: known ?? uuidV7(), isNew: known === undefined });
  }
  return identities;
}
