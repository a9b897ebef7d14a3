import type { LaneBatch, LaneName } from '@clientele/contracts';
import { originOf } from './received-command.ts';
import type { Batch } from '../pipeline/batch.ts';

export type LaneState =
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'reading' }
  /** Waits for infrastructure, or for another version of this code, and tries by itself. */
  | { readonly kind: 'holding'; readonly reason: string }
  /** Given back for a process that knows a newer schema; this one is out of date until it is replaced, or sees that it was mistaken. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface LaneStatus {
  readonly state: LaneState;
  readonly epoch: number;
  /** Messages behind the checkpoint, as far as known. */
  readonly lag: number;
  /** When the newest decided change was taken in, in milliseconds since 1970; null before the first. */
  readonly decidedUpTo: number | null;
  /** Units that this process committed. */
  readonly moves: number;
}

const UNKNOWN: LaneStatus = { state: { kind: 'elsewhere' }, epoch: 0, lag: 0, decidedUpTo: null, moves: 0 };

/** Where this process stands with each lane: what health and metrics tell. */
export class LaneBoard {
  readonly #lanes: Map<LaneName, LaneStatus>;

  constructor(lanes: readonly LaneName[]) {
    this.#lanes = new Map(lanes.map((lane) => [lane, UNKNOWN]));
  }

  of(lane: LaneName): LaneStatus {
    return this.#lanes.get(lane) ?? UNKNOWN;
  }

  entries(): readonly (readonly [LaneName, LaneStatus])[] {
    return [...this.#lanes];
  }

  taken(lane: LaneName, epoch: number): void {
    const { state } = this.of(lane);
    this.#set(lane, { epoch, state: state.kind === 'refused' ? state : { kind: 'reading' } });
  }

  /** What it waited for is there again. */
  resumed(lane: LaneName): void {
    if (this.of(lane).state.kind === 'holding') this.#set(lane, { state: { kind: 'reading' } });
  }

  read(lane: LaneName, batch: LaneBatch): void {
    this.#set(lane, { lag: batch.pending + batch.messages.length });
  }

  moved(lane: LaneName, { work, items }: Batch): void {
    const last = items.at(-1);
    const { moves, decidedUpTo } = this.of(lane);
    this.#set(lane, {
      state: { kind: 'reading' },
      lag: work.pending,
      moves: moves + 1,
      decidedUpTo: last === undefined ? decidedUpTo : Date.parse(originOf(last.received).receivedAt),
    });
  }

  /** Returns whether this is news. */
  hold(lane: LaneName, reason: string): boolean {
    const { state } = this.of(lane);
    this.#set(lane, { state: { kind: 'holding', reason } });
    return state.kind !== 'holding';
  }

  refuse(lane: LaneName, reason: string): void {
    this.#set(lane, { state: { kind: 'refused', reason }, lag: 0 });
  }

  left(lane: LaneName): void {
    if (this.of(lane).state.kind !== 'refused') this.#set(lane, { state: { kind: 'elsewhere' }, lag: 0 });
  }

  isHeld(lane: LaneName): boolean {
    const { kind } = this.of(lane).state;
    return kind === 'reading' || kind === 'holding';
  }

  /** Seconds by which the decided work is behind, where some is left. */
  lagSeconds(lane: LaneName, now: number): number {
    const { lag, decidedUpTo } = this.of(lane);
    return lag === 0 || decidedUpTo === null ? 0 : Math.max(0, (now - decidedUpTo) / 1000);
  }

  /** Why lanes of this process stand still; null when none does. */
  trouble(): string | null {
    const reasons = this.entries().flatMap(([lane, { state }]) => ('reason' in state ? [`${lane} ${state.kind}: ${state.reason}`] : []));
    return reasons.length === 0 ? null : reasons.join('; ');
  }

  #set(lane: LaneName, change: Partial<LaneStatus>): void {
    this.#lanes.set(lane, { ...this.of(lane), ...change });
  }
}
