import type { FieldWrite } from './change.ts';
import type { Clock } from './clock.ts';
import type { JsonObject } from './json.ts';

/** Every type that a change or a domain event can have; closed. */
export const EVENT_TYPES = [
  'Created', 'Updated', 'Deleted', 'Restored', 'Merged', 'Unmerged', 'Linked', 'Unlinked', 'Converted', 'Erased',
  'MarkedDirty', 'Cleaned', 'Withdrawn',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export type Lifecycle = 'active' | 'deleted';

/** What moved in one record. `Created` only ever comes first; the history of a record whose create is late or lost begins otherwise. */
export interface RecordChanged {
  readonly type: 'Created' | 'Updated' | 'Restored' | 'Deleted';
  /** The clock of the change; every path of `fields` was set at it. */
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
}

/** A record that was public is so no more: deleted, or fallen silent by its status. Carries no fields. */
export interface Withdrawn {
  readonly type: 'Withdrawn';
  readonly clock: Clock;
  readonly status: string | null;
}

/** Events that the domain can decide on and apply today; every other name of {@link EVENT_TYPES} is reserved for later. */
export type DomainEvent = RecordChanged | Withdrawn;
