import { UnavailableError, ValidationError } from '@clientele/contracts';
import { CIRCUIT_OPEN, ProviderError } from '@clientele/providers';

/** What is done about reads that failed together. */
export type ReadFailure =
  /** All of the source waits; the records are not to blame. */
  | { readonly kind: 'pause'; readonly state: 'rate_limited' | 'unauthorised' | 'unavailable'; readonly until: Date; readonly reason: string }
  /** Ours are away: the database, the broker. */
  | { readonly kind: 'hold'; readonly reason: string }
  /** One of the records, or their entity, cannot be read as it is asked for: each is tried alone, and one alone goes its own way. */
  | { readonly kind: 'refused'; readonly reason: string; readonly forGood: boolean };

const RATE_LIMIT_MS = 60_000;
const UNAVAILABLE_MS = 1_000;
const MOST_UNAVAILABLE_MS = 30_000;
const UNAUTHORISED_MS = 60_000;
const MOST_UNAUTHORISED_MS = 900_000;

/** @param failures how often the source failed in a row before this. @throws the error, where nobody expected it. */
export function readFailure(error: unknown, failures: number, now: Date): ReadFailure {
  if (error instanceof UnavailableError) return { kind: 'hold', reason: error.message };
  if (error instanceof ValidationError) return { kind: 'refused', reason: error.message, forGood: true };
  if (!(error instanceof ProviderError)) throw error;
  const reason = error.message;
  const until = (first: number, most: number): Date => {
    const told = error.retryAt?.getTime() ?? 0;
    return new Date(Math.max(told, now.getTime() + Math.min(most, first * 2 ** Math.min(failures, 20))));
  };
  switch (error.kind) {
    case 'rate_limited':
      return { kind: 'pause', state: 'rate_limited', until: error.retryAt ?? new Date(now.getTime() + RATE_LIMIT_MS), reason };
    case 'unauthorised':
      return { kind: 'pause', state: 'unauthorised', until: until(UNAUTHORISED_MS, MOST_UNAUTHORISED_MS), reason };
    case 'unavailable':
      if (error.code === CIRCUIT_OPEN && error.retryAt !== null) return { kind: 'pause', state: 'unavailable', until: error.retryAt, reason };
      return { kind: 'pause', state: 'unavailable', until: until(UNAVAILABLE_MS, MOST_UNAVAILABLE_MS), reason };
    case 'not_found':
      return { kind: 'refused', reason, forGood: false };
    case 'invalid':
      return { kind: 'refused', reason, forGood: true };
  }
}
