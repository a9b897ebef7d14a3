/** A lease as the table shows it; `owner` is null for one that nobody holds now. */
export interface LeaseView {
  readonly name: string;
  readonly owner: string | null;
}

export interface LeasePlan {
  /** Leases of mine that another member should have. */
  readonly giveBack: readonly string[];
  /** Free leases that I may take, in the order to try them. */
  readonly take: readonly string[];
  /** How many of `take` I may hold at most after this turn. */
  readonly takeAtMost: number;
}

/**
 * Shares leases among live members. Every member comes to the same plan from the same rows, so nobody has to talk to anybody: shares
 * differ by one at most; whoever has more than the least share gives back as many as others lack beyond what is free, and nothing moves
 * when nobody lacks any (a leader's lease stays where it is).
 */
export function planLeases(me: string, members: readonly string[], leases: readonly LeaseView[]): LeasePlan {
  const live = [...new Set([...members, me])].sort();
  const least = Math.floor(leases.length / live.length);
  const most = Math.ceil(leases.length / live.length);
  const held = new Map(live.map((member) => [member, leases.filter(({ owner }) => owner === member).map(({ name }) => name)]));
  const count = (member: string) => held.get(member)?.length ?? 0;
  const free = leases.filter(({ owner }) => owner === null || !held.has(owner)).map(({ name }) => name);
  const lacking = sum(live.map((member) => Math.max(0, least - count(member))));

  const mine = held.get(me) ?? [];
  const over = mine.slice(most);
  const kept = mine.slice(0, most);
  const givers = live.filter((member) => count(member) > least).sort((a, b) => count(b) - count(a) || (a < b ? -1 : 1));
  const released = sum(live.map((member) => Math.max(0, count(member) - most)));
  const stillLacking = Math.max(0, lacking - free.length - released);
  const alsoGive = kept.length > least && givers.indexOf(me) < stillLacking ? kept.slice(-1) : [];

  const lackingByOthers = lacking - Math.max(0, least - mine.length);
  const spare = Math.max(0, free.length - lackingByOthers);
  const takeAtMost = mine.length < least ? Math.min(free.length, least - mine.length + (spare > least - mine.length && most > least ? 1 : 0)) : mine.length < most ? Math.min(1, spare) : 0;
  return { giveBack: [...over, ...alsoGive], take: rotated(free, live.indexOf(me)), takeAtMost };
}

/** Members begin at different places, so that they seldom reach for the same lease. */
function rotated(names: readonly string[], by: number): string[] {
  const start = names.length === 0 ? 0 : by % names.length;
  return [...names.slice(start), ...names.slice(0, start)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
