import type { LogEntry } from '@clientele/contracts';

/** What the relay reads: the log in Postgres. Both throw UnavailableError when the database is away. */
export interface RelayLog {
  /** The log's incarnation and newest position. */
  head(): Promise<{ incarnation: string; position: number }>;
  /** Entries after a position, in order, without a hole. */
  readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]>;
}

/**
 * What the relay keeps in the write database, fenced by the epoch of the leader's lease. Both return the rebuild epoch: how many times
 * EVENTS was filled anew.
 * @throws StaleLeaderError when a later leader has written: the caller leads no more. @throws UnavailableError when the database is away.
 */
export interface RelayState {
  /** Writes down how far the stream is. */
  recordPublished(leaseEpoch: number, position: number): Promise<number>;
  /** Counts one more filling. */
  beginRebuild(leaseEpoch: number): Promise<number>;
}

/** Another process leads the relay. */
export class StaleLeaderError extends Error {
  override readonly name = 'StaleLeaderError';
}
