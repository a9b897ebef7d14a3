import type { Member } from './write-batch.ts';

/**
 * Who reads the feed together: one group for all views that are near the foremost, so that an entry is decoded once and committed to all
 * of them at once; each view that is further behind (it is being rebuilt) by itself, so that it holds up nobody. The first group is the
 * foremost's. `aloneBehind`: entries.
 */
export function planGroups(members: readonly Member[], aloneBehind: number): Member[][] {
  const [foremost] = members.toSorted((one, other) => other.checkpoint.position - one.checkpoint.position);
  if (foremost === undefined) return [];
  const together = members.filter((member) => isNear(member, foremost, aloneBehind));
  return [together, ...members.filter((member) => !together.includes(member)).map((member) => [member])];
}

/** Whether a view that reads by itself is close enough to join: closer than what parts it, so that nothing joins and parts in turn. */
export function mayJoin(member: Member, foremost: Member, aloneBehind: number): boolean {
  return isNear(member, foremost, aloneBehind / 20);
}

function isNear({ checkpoint }: Member, foremost: Member, within: number): boolean {
  const sameLog = checkpoint.incarnation === null || checkpoint.incarnation === foremost.checkpoint.incarnation;
  return sameLog && foremost.checkpoint.position - checkpoint.position <= within;
}
