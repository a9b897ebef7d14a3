import type { Clock } from './clock.ts';
import type { Lifecycle } from './event.ts';
import type { Json } from './json.ts';
import type { FieldRead, ReadMark, RecordReference } from './read.ts';

export interface FieldState {
  readonly value: Json;
  readonly clock: Clock;
}

/** A text's difference that has not found the text that it belongs to. */
export interface PendingDiff {
  readonly path: string;
  readonly patch: string;
  readonly clock: Clock;
}

/** The look at the record that counts. */
export interface LatestRead {
  readonly mark: ReadMark;
  readonly result: 'found' | 'deleted';
}

/** What a look that found this says of the record's life. */
export function lifecycleOf({ result }: Pick<LatestRead, 'result'>): Lifecycle {
  return result === 'found' ? 'active' : 'deleted';
}

/** The record that this one was merged into, and the look that told so. */
export interface Survivor extends RecordReference {
  readonly mark: ReadMark;
}

/**
 * The clocked record: a set of leaf paths, each with the clock of the change that set it, a floor (the clock of the latest change that
 * carried the whole record) below which every path is void, and a lifecycle with a clock of its own.
 */
export interface RecordState {
  /** Number of events applied; 0: unknown record. */
  readonly version: number;
  /**
   * What was changed last at each path. No path stands here below the floor, below an ancestor with a later clock, or if a look at the path
   * has seen the change; an ancestor with older or equal clock stands above its descendants without counting (`effectiveFields`): older
   * descendants to come lose to it.
   */
  readonly fields: ReadonlyMap<string, FieldState>;
  /** What the look that counts found at each path, kept apart from `fields`: the value, and its doubt, follow from the two. */
  readonly reads: ReadonlyMap<string, FieldRead>;
  /** The look at the record that counts: every gap that it has seen is cleared. */
  readonly read: LatestRead | null;
  /** Clocks of changes of which nothing more is known, rising: above the floor, not cleared, the latest {@link MOST_GAPS}. */
  readonly gaps: readonly Clock[];
  /** Rising by clock, at most {@link MOST_DIFFS} a path; each would still win at its path. */
  readonly diffs: readonly PendingDiff[];
  readonly floor: Clock | null;
  readonly lifecycle: Lifecycle;
  /** Of the change that set the lifecycle; null: no change did, or the look that counts has seen it and speaks itself. */
  readonly lifecycleClock: Clock | null;
  /** Whether the record's whole state is known: some create or undelete has been seen, or a look has found it. */
  readonly complete: boolean;
  /** Whether other consumers hold the record: they were told its state, and no withdrawal since. */
  readonly announced: boolean;
  /** Whether something that others would have been told is kept from them until the doubt is over. */
  readonly withheld: boolean;
  /** As it was last told; `survivorOf` says whether it still holds. */
  readonly survivor: Survivor | null;
  /** Whether its conversion into other records has been told. */
  readonly converted: boolean;
}

export const MOST_GAPS = 16;
export const MOST_DIFFS = 16;

/** A record of which nothing is known. */
export const initialRecord: RecordState = Object.freeze({
  version: 0,
  fields: new Map(),
  reads: new Map(),
  read: null,
  gaps: [],
  diffs: [],
  floor: null,
  lifecycle: 'active',
  lifecycleClock: null,
  complete: false,
  announced: false,
  withheld: false,
  survivor: null,
  converted: false,
});
