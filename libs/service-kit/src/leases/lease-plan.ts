/** A lease as the table shows it; `owner` is null for one that nobody holds now. */
export interface LeaseView {
  readonly name: string;
  readonly owner: string | null;
}

export interface LeasePlan {
  /** Leases of mine that another member should have. */
  readonly giveBack: readonly string[];
  /** Free leases, in the order to try them. */
  readonly free: readonly string[];
  /** How many of them I may take. */
  readonly takeAtMost: number;
}

/**
 * Shares leases among live members. Every member comes to the same shares from the same rows, so nobody has to talk to anybody. Shares
 * differ by one at most, and the larger ones go to those who hold most already, so nothing moves without need: a leader stays the leader
 * when another candidate joins.
 */
export function planLeases(me: string, members: readonly string[], leases: readonly LeaseView[]): LeasePlan {
  const live = [...new Set([...members, me])];
  const heldBy = new Map(live.map((member) => [member, leases.filter(({ owner }) => owner === member).map(({ name }) => name)]));
  const count = (member: string): number => heldBy.get(member)?.length ?? 0;
  const ranked = live.sort((a, b) => count(b) - count(a) || (a < b ? -1 : 1));
  const larger = leases.length % live.length;
  const share = Math.floor(leases.length / live.length) + (ranked.indexOf(me) < larger ? 1 : 0);
  const mine = heldBy.get(me) ?? [];
  const free = leases.filter(({ owner }) => owner === null || !heldBy.has(owner)).map(({ name }) => name);
  return { giveBack: mine.slice(share), free: rotated(free, ranked.indexOf(me)), takeAtMost: Math.max(0, share - mine.length) };
}

/** Members begin at different places, so that they seldom reach for the same lease. */
function rotated(names: readonly string[], by: number): string[] {
  const start = names.length === 0 ? 0 : by % names.length;
  return [...names.slice(start), ...names.slice(0, start)];
}
