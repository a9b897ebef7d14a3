import type { RelayLog } from './relay-log.ts';

/** Whether the log holds an entry, recorded at `since` or later, that comes before `position`. */
export async function hasEntrySince(log: RelayLog, position: number, since: Date): Promise<boolean> {
  const [before] = position > 1 ? await log.readAll(position - 2, 1) : [];
  return before !== undefined && before.position < position && Date.parse(before.recordedAt) >= since.getTime();
}

/** The position of the first entry that was recorded at `since` or later; one more than `head` where there is none. */
export async function firstPositionSince(log: RelayLog, head: number, since: Date): Promise<number> {
  // Entries are recorded in the order of their positions, so halving finds it: some twenty reads of one entry in a log of millions.
  let low = 1;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [entry] = await log.readAll(middle - 1, 1);
    if (entry === undefined || Date.parse(entry.recordedAt) >= since.getTime()) high = middle;
    else low = middle + 1;
  }
  return low;
}
