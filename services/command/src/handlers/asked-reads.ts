import { commitTime, type ReadRequest, type RecordKey } from '@clientele/domain';
import type { AskedRead } from '@clientele/event-store';

/** A source tells its time in whole seconds, so a look within the second of a change cannot be told from one before it. */
const WHOLE_SECOND_MS = 1000;
/** An update often comes a little before its create, which then spares the read. */
const MISSING_CREATE_GRACE_MS = 2000;
/** A merge deletes several records, which are then looked up together. */
const SURVIVOR_GRACE_MS = 5000;

export interface Asking {
  readonly key: RecordKey;
  readonly provider: string;
  /** M of the source. */
  readonly marginMs: number;
  readonly now: Date;
}

/** The reads of a decision as rows. None is taken before it can answer: its window begins M before the call. */
export function askedReads(requests: readonly ReadRequest[], { key, provider, marginMs, now }: Asking): AskedRead[] {
  return requests.map(({ reason, since }) => {
    const answerable = commitTime(since) + marginMs + WHOLE_SECOND_MS;
    const grace = reason === 'missing_create' ? MISSING_CREATE_GRACE_MS : reason === 'survivor' ? SURVIVOR_GRACE_MS : 0;
    return { ...key, provider, reason, since, notBefore: new Date(Math.max(answerable, now.getTime()) + grace).toISOString() };
  });
}
