import type { FieldWrite, RecordKey } from './change.ts';
import { clockOf, commitTime, type Clock } from './clock.ts';
import type { Json } from './json.ts';

/**
 * What a look at a record tells of time. The source stamps a change before it commits, by less than a margin; so a look that began at b and
 * ended at e has seen every change stamped before `from` = b - margin, and none stamped after `until` = e + margin. Of those between,
 * nothing is known.
 */
export interface ReadMark {
  /** Milliseconds since 1970 by the source's clock. */
  readonly from: number;
  /** The same. */
  readonly until: number;
  /** When the source answered and the reader's running number: makes the order of looks total. */
  readonly order: Clock;
}

/** How long a source takes from stamping a change to committing it, at most, in milliseconds, where nothing else is configured. */
export const DEFAULT_READ_MARGIN_MS = 2000;

/** A source tells its time in whole seconds: the answer was given somewhere in the one that it names. */
const WHOLE_SECOND_MS = 999;

export interface ReadTimes {
  /** When the source answered, by its own clock in whole seconds, less the duration of the call. RFC 3339. */
  readonly from: string;
  /** When the source answered, by its own clock in whole seconds. RFC 3339. */
  readonly until: string;
  /** The reader's running number, 0 to 2^53 - 1. */
  readonly number: number;
  /** The reading's id. */
  readonly id: string;
}

/** The mark of a look at these times. @throws RangeError where a time or the number is none. */
export function readMark({ from, until, number, id }: ReadTimes, marginMs: number = DEFAULT_READ_MARGIN_MS): ReadMark {
  const answered = Date.parse(until);
  return {
    from: Date.parse(from) - marginMs,
    until: answered + WHOLE_SECOND_MS + marginMs,
    order: clockOf({ commitTime: answered, commitNumber: '0', sequenceNumber: number, changeId: id }),
  };
}

/** A record as its source gave it when asked. */
export interface RecordReading {
  readonly id: string;
  readonly key: RecordKey;
  readonly mark: ReadMark;
  /** `deleted`: the source says so; that it does not show the record is no answer. */
  readonly result: 'found' | 'deleted';
  /** The record that this one was merged into; null: asked for, and none. */
  readonly survivor: RecordReference | null;
  /** Every leaf that was asked for, each once; null: asked for, and empty. */
  readonly fields: readonly FieldWrite[];
  /** RFC 3339, when the source answered. */
  readonly occurredAt: string;
}

/** Another record of the same source. */
export interface RecordReference {
  readonly entity: string;
  readonly externalId: string;
}

/** What a look found at a path; `clock` is its mark's order. */
export interface FieldRead {
  readonly value: Json;
  readonly clock: Clock;
  readonly mark: ReadMark;
}

/**
 * Whether a look counts before another. The one that began later does, whenever it ended: all that happened before it began it has seen,
 * and all that happened since is told by changes, or by gaps that it does not clear.
 */
export function isLaterRead(candidate: ReadMark, than: ReadMark | null): boolean {
  if (than === null || candidate.from !== than.from) return than === null || candidate.from > than.from;
  return candidate.order > than.order;
}

/** Whether the look has seen the change of this clock. */
export function hasSeen({ from }: ReadMark, clock: Clock): boolean {
  return commitTime(clock) < from;
}

/** Whether the look is over before the change of this clock. */
export function isBefore({ until }: ReadMark, clock: Clock): boolean {
  return commitTime(clock) > until;
}

/** Whether the change of this clock may be in what the look found, or not. */
export function isInWindow({ from, until }: ReadMark, clock: Clock): boolean {
  const time = commitTime(clock);
  return time >= from && time <= until;
}
