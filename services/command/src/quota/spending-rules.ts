import type { ReadLane } from '@clientele/event-store';

/** Of our share, what a lane may bring it to: the rest is for more urgent ones, and a little for operations that cost more than expected. */
const CEILINGS: Readonly<Record<ReadLane, number>> = { live: 0.96, gap: 0.92, repair: 0.85, reconciliation: 0.75 };

/** Of the account's limit, what all users together must have left before a lane spends: when others spend much, the urgent goes on longest. */
const LEFT_TO_ALL: Readonly<Record<ReadLane, number>> = { live: 0.02, gap: 0.05, repair: 0.1, reconciliation: 0.2 };

/** The most that our calls of 24 hours may come to by a call of the lane. */
export function ceilingOf(lane: ReadLane, max: number, share: number): number {
  return Math.floor(max * share * CEILINGS[lane]);
}

/** Whether the account as a whole has room for calls of the lane. */
export function hasRoom(lane: ReadLane, calls: number, { used, max }: { readonly used: number; readonly max: number }): boolean {
  return used + calls <= max * (1 - LEFT_TO_ALL[lane]);
}
