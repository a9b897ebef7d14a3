import type { ReadLane } from '@clientele/event-store';

/** What a source's API calls have come to. */
export interface QuotaStatus {
  /** Our own calls of the last 24 hours, by lane, whichever process made them. */
  readonly spent: Readonly<Record<ReadLane, number>>;
  /** What we may spend in 24 hours; null while the provider has not told its limit. */
  readonly budget: number | null;
  /** What is left of it now; null as above. */
  readonly left: number | null;
  /** The whole account's use in its running 24 hours and its limit, as the provider told last. */
  readonly account: { readonly used: number; readonly max: number } | null;
}

/** The part of a source's daily API calls that we may spend, and what of it each lane must leave to more urgent ones. */
export interface SourceQuota {
  /**
   * Whether so many calls may be made now; if so they are counted. Nobody is made to wait: what is less urgent would keep its caller from
   * what is more urgent, and may. What an operation really costs is counted by itself; `calls` is what it is expected to.
   */
  spend(lane: ReadLane, calls: number): Promise<boolean>;
  /** Whether there is quota for so many calls now. */
  allows(lane: ReadLane, calls: number): Promise<boolean>;
  status(): Promise<QuotaStatus>;
}

/** The quotas of all sources that can be read. */
export interface Governor {
  /** @throws Error for a source that cannot be read. */
  for(source: string): SourceQuota;
}
