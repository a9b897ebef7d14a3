import type { Clock } from '../clock.ts';

/** Why a record is to be read: the causes of doubt, and the search for the record that a deleted one was merged into. */
export type ReadReason = 'gap' | 'window' | 'after_deletion' | 'diff' | 'missing_create' | 'survivor';

/** Wanted: a read of the record whose mark's `from` is later than the time of `since`. */
export interface ReadRequest {
  readonly reason: ReadReason;
  readonly since: Clock;
}

/** What a decision has to know of the source and of who made the change. */
export interface DecidingContext {
  /** Whether the source can be read. While a record of such a source is in doubt, others are not told of it. */
  readonly readable: boolean;
  /** A text's new value; null: the patch does not fit the base, or the outcome is not what the source says it is. */
  readonly patch: (base: string, patch: string) => string | null;
  /** Whether this installation made the change itself. */
  readonly own: boolean;
  /** Whether others are told of such changes. */
  readonly broadcastOwn: boolean;
  /** Whether records of the entity can be merged, so that a deletion may have a survivor. */
  readonly survivors: boolean;
}

/** A source that cannot be asked, and somebody else's change. */
export const defaultContext: DecidingContext = Object.freeze({
  readable: false, patch: () => null, own: false, broadcastOwn: true, survivors: false,
});
