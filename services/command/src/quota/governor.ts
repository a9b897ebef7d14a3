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
  /** Who waits for a turn in this process, by lane. */
  readonly waiting: Readonly<Record<ReadLane, number>>;
}

/** The part of a source's daily API calls that we may spend, and whose turn it is. */
export interface SourceQuota {
  /**
   * Resolves once so many calls may be made: urgent lanes come first, and none takes what more urgent ones must have left. What an operation
   * really costs is counted by itself; `calls` is what it is expected to.
   * @throws the signal's reason when it aborts meanwhile.
   */
  spend(lane: ReadLane, calls: number, signal?: AbortSignal): Promise<void>;
  /** Whether there is quota for so many calls now. */
  allows(lane: ReadLane, calls: number): Promise<boolean>;
  status(): Promise<QuotaStatus>;
}

/** The quotas of all sources that can be read. */
export interface Governor {
  /** @throws Error for a source that cannot be read. */
  for(source: string): SourceQuota;
}
