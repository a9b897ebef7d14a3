import type { FieldWrite, TextDiff } from './change.ts';
import type { Clock } from './clock.ts';
import type { ReadReason } from './deciding/deciding-context.ts';
import type { JsonObject } from './json.ts';
import type { LatestRead, Survivor } from './record.ts';

/** Every type that a change or a domain event can have; closed. */
export const EVENT_TYPES = [
  'Created', 'Updated', 'Deleted', 'Restored', 'Merged', 'Unmerged', 'Linked', 'Unlinked', 'Converted', 'Erased',
  'MarkedDirty', 'Cleaned', 'Withdrawn',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export type Lifecycle = 'active' | 'deleted';

/**
 * What moved in one record, by a change or by a look at it. `Created` only ever comes first; the history of a record whose create is late
 * or lost begins otherwise.
 */
export interface RecordChanged {
  readonly type: 'Created' | 'Updated' | 'Restored' | 'Deleted';
  /** The clock of the change; every path of `fields` was set at it. Of a look: its mark's `order`. */
  readonly clock: Clock;
  /** The paths whose clock moved, with their values (some may be equal to what was known). */
  readonly fields: readonly FieldWrite[];
  /** The values of the change that lost to a later clock: kept for whoever asks what was sent; no state follows from them. */
  readonly lost: readonly FieldWrite[];
  /** Whether the change carried the whole record (create, undelete), so that everything older is void. */
  readonly floor: boolean;
  /** The lifecycle that the change set, or null where a later one stands. */
  readonly lifecycle: Lifecycle | null;
  /**
   * What others would see differ, in the words of `state`: `lifecycle`, `complete`, `status`, and `fields.<path>` in our names for each
   * value that is another than before, those that became void included. Empty: only clocks moved.
   */
  readonly changed: readonly string[];
  /** The public state after the event, in our names, where the event is broadcast and the record still there; else null. */
  readonly state: JsonObject | null;
  /** Present where a look found all this, and no change told it. */
  readonly read?: LatestRead;
  /** The text differences that do not fit what is known; `fields` has the outcome of those that do. Absent: none. */
  readonly diffs?: readonly TextDiff[];
  /** Present where others would have been told, were the record not in doubt. */
  readonly withheld?: true;
}

/** A record that was public is so no more: deleted, or fallen silent by its status. Carries no fields. */
export interface Withdrawn {
  readonly type: 'Withdrawn';
  readonly clock: Clock;
  readonly status: string | null;
}

/** The record is in doubt, or a gap in what is known of it has to be remembered. */
export interface MarkedDirty {
  readonly type: 'MarkedDirty';
  /** Of the change, or the look, that brought it up. */
  readonly clock: Clock;
  /** The clock from which on the record is in doubt. */
  readonly since: Clock;
  readonly reason: ReadReason;
  /** Whether something is missing at `clock`. */
  readonly gap: boolean;
}

/** Nothing about the record is in doubt any more. */
export interface Cleaned {
  readonly type: 'Cleaned';
  readonly clock: Clock;
  /** The public state, where others are told of what was withheld from them; else null. */
  readonly state: JsonObject | null;
}

/** The record is gone because it was merged into another. */
export interface Merged {
  readonly type: 'Merged';
  readonly clock: Clock;
  readonly survivor: Survivor;
}

/** The record became others: the references that it holds, by their paths. */
export interface Converted {
  readonly type: 'Converted';
  readonly clock: Clock;
  readonly into: readonly ConvertedInto[];
}

export interface ConvertedInto {
  readonly field: string;
  readonly entity: string;
  readonly externalId: string;
}

/** Events that the domain can decide on and apply today; every other name of {@link EVENT_TYPES} is reserved for later. */
export type DomainEvent = RecordChanged | Withdrawn | MarkedDirty | Cleaned | Merged | Converted;
