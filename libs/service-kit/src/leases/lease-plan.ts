/** A lease as the table shows it. */
export interface LeaseView {
  readonly name: string;
  /** Null for one that nobody holds now. */
  readonly owner: string | null;
  /** Free for so long that those whose share it is either cannot work under it or would have taken it. */
  readonly abandoned: boolean;
}

export interface LeasePlan {
  /** How many of mine other members should have. */
  readonly giveBack: number;
  /** Free leases that may be taken, in the order to try them: as many as the share lacks, and any that is abandoned. */
  readonly free: readonly LeaseView[];
  readonly takeAtMost: number;
}

/**
 * Shares leases among live members. Every member comes to the same shares from the same rows, so nobody has to talk to anybody. Shares
 * differ by one at most, and the larger ones go to those who hold most already, so nothing moves without need: a leader stays the leader
 * when another candidate joins.
 */
export function planLeases(me: string, members: readonly string[], leases: readonly LeaseView[]): LeasePlan {
  const live = [...new Set([...members, me])];
  const held = new Map(live.map((member) => [member, leases.filter(({ owner }) => owner === member).length]));
  const count = (member: string): number => held.get(member) ?? 0;
  const ranked = live.sort((a, b) => count(b) - count(a) || (a < b ? -1 : 1));
  const larger = leases.length % live.length;
  const share = Math.floor(leases.length / live.length) + (ranked.indexOf(me) < larger ? 1 : 0);
  return {
    giveBack: Math.max(0, count(me) - share),
    free: rotated(
      leases.filter(({ owner }) => owner === null || !held.has(owner)),
      ranked.indexOf(me),
    ),
    takeAtMost: Math.max(0, share - count(me)),
  };
}

/** Members begin at different places, so that they seldom reach for the same lease. */
function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
