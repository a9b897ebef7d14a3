import type { LaneBatch, LaneName } from '@clientele/contracts';
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
  /** Units that this process committed. */
  readonly moves: number;
}

const UNKNOWN: LaneStatus = { state: { kind: 'elsewhere' }, epoch: 0, lag: 0, moves: 0 };

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

  moved(lane: LaneName, { work }: Batch): void {
    this.#set(lane, { state: { kind: 'reading' }, lag: work.pending, moves: this.of(lane).moves + 1 });
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

  /** Why lanes of this process stand still; null when none does. */
  trouble(): string | null {
    const reasons = this.entries().flatMap(([lane, { state }]) => ('reason' in state ? [`${lane} ${state.kind}: ${state.reason}`] : []));
    return reasons.length === 0 ? null : reasons.join('; ');
  }

  #set(lane: LaneName, change: Partial<LaneStatus>): void {
    this.#lanes.set(lane, { ...this.of(lane), ...change });
  }
}
