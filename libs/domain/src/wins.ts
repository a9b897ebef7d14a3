import { isLater, type Clock } from './clock.ts';
import { someAncestor } from './path.ts';
import { hasSeen, isLaterRead, type ReadMark } from './read.ts';
import type { RecordState } from './record.ts';

type Standing = Pick<RecordState, 'fields' | 'reads' | 'floor'>;

/**
 * Whether a write at this clock would stand: above the floor, later than what stands at the path, not older than an ancestor, and not seen
 * by a look at the path. A later component does not stop it, since the write still voids the component's older siblings, come or to come.
 */
export function winsAt(path: string, clock: Clock, { fields, reads, floor }: Standing): boolean {
  if (floor !== null && clock < floor) return false;
  if (!isLater(clock, fields.get(path)?.clock ?? null)) return false;
  if (reads.size > 0 && isSeen(path, clock, reads)) return false;
  return !someAncestor(path, (ancestor) => isLater(fields.get(ancestor)?.clock ?? clock, clock));
}

/** Whether what a look found at the path counts: no later look at it, or at what it is part of, does. */
export function readCountsAt(path: string, mark: ReadMark, { reads }: Pick<RecordState, 'reads'>): boolean {
  if (reads.size === 0) return true;
  if (!isLaterRead(mark, reads.get(path)?.mark ?? null)) return false;
  return !someAncestor(path, (ancestor) => isEarlier(mark, reads.get(ancestor)?.mark));
}

function isEarlier(mark: ReadMark, than: ReadMark | undefined): boolean {
  return than !== undefined && isLaterRead(than, mark);
}

function isSeen(path: string, clock: Clock, reads: RecordState['reads']): boolean {
  const own = reads.get(path);
  if (own !== undefined && hasSeen(own.mark, clock)) return true;
  return someAncestor(path, (ancestor) => {
    const read = reads.get(ancestor);
    return read !== undefined && hasSeen(read.mark, clock);
  });
}
