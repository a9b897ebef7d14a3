import type { ReadLane, TakenRead } from '@clientele/event-store';

/** Reads that are asked for together. */
export interface ReadGroup {
  readonly entity: string;
  /** `survivors`: it is known that they are gone, and wanted is into what they were merged. */
  readonly kind: 'records' | 'survivors';
  /** The most urgent among them. */
  readonly lane: ReadLane;
  readonly reads: readonly TakenRead[];
}

/** In the order in which they were taken, the most urgent first. */
export function groupsOf(reads: readonly TakenRead[]): ReadGroup[] {
  const groups = new Map<string, TakenRead[]>();
  for (const read of reads) {
    const key = `${kindOf(read)} ${read.entity}`;
    groups.set(key, [...(groups.get(key) ?? []), read]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ entity: first.entity, kind: kindOf(first), lane: first.lane, reads: group }];
  });
}

function kindOf({ reason }: TakenRead): ReadGroup['kind'] {
  return reason === 'survivor' ? 'survivors' : 'records';
}
