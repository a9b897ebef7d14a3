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
  readonly fields: ReadonlyMap<string, FieldState>;
  readonly floor: Clock | null;
  readonly lifecycle: Lifecycle;
  readonly lifecycleClock: Clock | null;
  /** Whether the record's whole state is known: some create or undelete has been seen. */
  readonly complete: boolean;
  /** Whether the record is known to other consumers: its last broadcast decision was to tell. */
  readonly announced: boolean;
}
