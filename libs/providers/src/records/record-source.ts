import type { SourceAccessConfig } from '@clientele/contracts';
import type { JsonObject } from '@clientele/domain';
import type { BreakerState } from '../http/circuit-breaker.ts';
import type { Runtime } from './runtime.ts';

/**
 * When what an answer says was true, by the provider's own clock; the margin for changes that commit late is the caller's to add. RFC 3339
 * UTC with milliseconds.
 */
export interface ReadWindow {
  /** The answer's `Date` minus the duration of the call that brought it: nothing committed before it is missing. */
  readonly from: string;
  /** The last millisecond of the second that `Date` names, and what the answer's body took to arrive: nothing committed later is in it. */
  readonly until: string;
}

interface ReadingOf {
  readonly entity: string;
  /** In the canonical spelling. */
  readonly id: string;
  readonly window: ReadWindow;
}

/** What the provider says of one record. Absence alone is never a deletion. */
export type Reading =
  | (ReadingOf & {
      readonly kind: 'found';
      /** Every field that was asked for, by the paths and in the spelling of change events; null: asked for and empty. */
      readonly fields: JsonObject;
      /** Whether all fields were asked for that change events carry and that we may see. */
      readonly whole: boolean;
      /** When the provider says that it was changed last; null where it does not tell. RFC 3339 UTC. */
      readonly changedAt: string | null;
    })
  /** The provider itself says that it is deleted; `survivorId`: the record that it was merged into, where it was. */
  | (ReadingOf & { readonly kind: 'deleted'; readonly survivorId: string | null })
  /** Unknown to the provider, or hidden from us, or purged: ask again later, conclude nothing. */
  | (ReadingOf & { readonly kind: 'not_found' })
  /** It exists, but could not be read just now: ask again soon. */
  | (ReadingOf & { readonly kind: 'not_yet_visible' });

/** What an operation cost: calls that reached the provider's API, retries included. */
interface Costing {
  readonly calls: number;
}

/** One reading for each id that was asked for, in that order, each id once. */
export interface Readings extends Costing {
  readonly readings: readonly Reading[];
}

export interface Page extends Costing {
  /** May be empty while more pages follow. */
  readonly readings: readonly Reading[];
  /** Where the next page begins, to be kept by whoever must resume; null: this was the last. It never expires. */
  readonly next: string | null;
}

export interface Counted extends Costing {
  readonly count: number;
  readonly window: ReadWindow;
}

/** Of {@link RecordSource.list}. */
export interface Listed extends Costing {
  readonly ids: readonly string[];
  /** As of {@link Page}. */
  readonly next: string | null;
}

/** Times by the provider's stamps, the second one excluded. */
export interface Stamps {
  readonly from: Date;
  readonly to: Date;
}

export interface ChangedSince {
  /** `next` of the page before; null for the first. */
  readonly after: string | null;
  /**
   * Records stamped at this time or later, and, since stamps are older than commits, somewhat before (`overlapMs`). Null: all records, by
   * id. There is no upper bound: a record that changes while pages are read moves behind every bound, and would be missed.
   */
  readonly since: Date | null;
  /** Most records of a page, 1 to 2,000 (the default). */
  readonly limit?: number;
}

/** How the provider's feed says that it does, by its own account. Times RFC 3339 UTC. */
export interface RelayState {
  /** Where it sends to; for Salesforce the EventBridge source. */
  readonly resource: string | null;
  readonly status: string | null;
  readonly lastRelayedAt: string | null;
  readonly error: { readonly code: string | null; readonly message: string | null; readonly at: string | null } | null;
}

export interface RelayFeedback extends Costing {
  readonly relays: readonly RelayState[];
  readonly window: ReadWindow;
}

/** API calls of the whole account in its running 24 hours, whoever made them. */
export interface ApiLimits {
  readonly used: number;
  readonly max: number;
  /** When the provider said so, ms since 1970 by our clock. */
  readonly at: number;
}

/**
 * Reads the records of one account of one provider. Readings may repeat and overlap: their windows order them. Every method throws
 * {@link ProviderError}, which says what the caller can do, and ValidationError for an id or cursor that cannot be one.
 */
export interface RecordSource {
  fetchOne(entity: string, id: string): Promise<Reading & Costing>;
  /** Any number of ids, asked for in as few calls as their size allows. */
  fetchMany(entity: string, ids: readonly string[]): Promise<Readings>;
  changedSince(entity: string, options: ChangedSince): Promise<Page>;
  /**
   * Readings of kind `deleted`: records that were deleted at that time or later, those in the provider's bin first, then those that were
   * purged from it, as far as the provider keeps a log of them (Salesforce: about 29 days).
   */
  deletedSince(entity: string, options: ChangedSince): Promise<Page>;
  /** Deleted or alive, without fields: `deleted` with its survivor, `not_yet_visible` where it lives, `not_found`. For losers of merges. */
  survivors(entity: string, ids: readonly string[]): Promise<Readings>;
  /** Ids of all records that are not deleted, page by page, as `changedSince` of null goes through them, and without asking for one of them. */
  list(entity: string, options: Pick<ChangedSince, 'after' | 'limit'>): Promise<Listed>;
  /** Records of the entity that are not deleted; `stamped`: of these, those that were changed last between two times. */
  count(entity: string, stamped?: Stamps): Promise<Counted>;
  relayFeedback(): Promise<RelayFeedback>;
  /** As the last answer told; null before the first, and where it does not tell. */
  limits(): ApiLimits | null;
  breaker(): BreakerState;
  /** Closes its connections. */
  close(): Promise<void>;
}

/** A source as it is configured, with what reading needs. */
export type ReadableSource = SourceAccessConfig & { readonly id: string };

/** The variables that a configuration refers to. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One call as it went out over the wire; for counters, and for what governs the quota. */
export interface CallReport {
  readonly source: string;
  readonly operation: string;
  /** `ok`, or what kind of failure it was. Calls for a token are of operation `token`, and are not counted by the provider. */
  readonly outcome: string;
  readonly durationMs: number;
  readonly limits: ApiLimits | null;
}

export interface RecordSourceOptions {
  readonly runtime?: Runtime;
  /** Most a single call may take until its body is complete (default 30 s). */
  readonly callTimeoutMs?: number;
  /** Most an operation on one batch may take with its retries and their delays (default 120 s). */
  readonly deadlineMs?: number;
  /** Largest answer (default 16 MiB); a batch that exceeds it is asked for in halves. */
  readonly maxAnswerBytes?: number;
  /** How far before `since` stamps are looked for (default 5 min). */
  readonly overlapMs?: number;
  readonly onCall?: (call: CallReport) => void;
}
