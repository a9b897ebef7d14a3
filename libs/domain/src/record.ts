import type { Clock } from './clock.ts';
import type { Lifecycle } from './event.ts';
import type { Json } from './json.ts';

export interface FieldState {
  readonly value: Json;
  readonly clock: Clock;
}

/**
 * The clocked record: a set of leaf paths, each with the clock of the change that set it, a floor (the clock of the latest change that
 * carried the whole record) below which every path is void, and a lifecycle with a clock of its own.
 */
export interface RecordState {
  /** Number of events applied; 0: unknown record. */
  readonly version: number;
  /**
   * What was written last at each path. No path stands here below the floor, or below an ancestor with a later clock; an ancestor with
   * older or equal clock stands above its descendants without counting (`effectiveFields`): older descendants to come lose to it.
   */
  readonly fields: ReadonlyMap<string, FieldState>;
  readonly floor: Clock | null;
  readonly lifecycle: Lifecycle;
  readonly lifecycleClock: Clock | null;
  /** Whether the record's whole state is known: some create or undelete has been seen. */
  readonly complete: boolean;
  /** Whether other consumers hold the record: they were told its state, and no withdrawal since. */
  readonly announced: boolean;
}

/** A record of which nothing is known. */
export const initialRecord: RecordState = Object.freeze({
  version: 0,
  fields: new Map(),
  floor: null,
  lifecycle: 'active',
  lifecycleClock: null,
  complete: false,
  announced: false,
});
