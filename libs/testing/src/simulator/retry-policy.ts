import type { Answer } from './post.ts';
import type { Random } from './random.ts';

export interface RetryPolicy {
  /** Invocations of one event in all, 1 to 186. */
  readonly attempts: number;
  /** How long after the first one a last one may begin. EventBridge: a minute to a day. */
  readonly maxAgeMs: number;
  /** Pauses double from the first to the longest, with full jitter. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

const RETRIED = new Set([401, 407, 409, 429]);

/** Whether EventBridge comes again: on these statuses, and where no answer came, or none in time. */
export function retries({ status }: Answer): boolean {
  return typeof status === 'string' || RETRIED.has(status) || status >= 500;
}

/**
 * Milliseconds until the next invocation, or null where the endpoint forbids any. Its `Retry-After` is kept to where it asks for more
 * than the policy would wait.
 * @param attempts how many were made.
 */
export function pauseBefore(attempts: number, answer: Answer, policy: RetryPolicy, jitter: Random): number | null {
  const asked = retryAfterMs(answer.retryAfter);
  if (asked < 0) return null;
  const ceiling = Math.min(policy.longestPauseMs, policy.firstPauseMs * 2 ** (attempts - 1));
  return Math.max(asked, Math.ceil(jitter.next() * ceiling));
}

/** Seconds or a date; what cannot be read asks for nothing. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return 0;
  if (/^-?\d+$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}
