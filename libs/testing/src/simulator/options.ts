/** What a simulated org is and does. The same options give the same org, change by change and byte by byte. */
export interface OrgOptions {
  /** Whatever text; the org's id follows from it, so that orgs of different seeds never meet. */
  readonly seed: string;
  /** Records that are created, over accounts, contacts, opportunities and leads. */
  readonly records: number;
  /** Changes of single records after their creation: updates, deletions (with what hangs on them), undeletions. */
  readonly changes: number;
  /** Users that make the changes; at least 1, by default 5. */
  readonly users?: number;
  /** Commit time of the first transaction, milliseconds since 1970; by default {@link DEFAULT_START}. */
  readonly startAt?: number;
}

/** How the relay brings the org's changes. */
export interface FeedOptions {
  /** Sends equal changes of a transaction as one event with several record ids. Default: false. */
  readonly merge?: boolean;
  /** Events are drawn from a window of this many, instead of going in the order of their commits. Default: 0, in order. */
  readonly reorder?: number;
  /** Share of the events that are sent again a while later, half of them under a new EventBridge id. 0 to 1, default 0. */
  readonly repeat?: number;
}

/** 2025-04-24T13:18:26Z: commit numbers, close to nanoseconds since 1970, are beyond what a double holds. */
export const DEFAULT_START = 1_745_500_706_000;
