import type { Runtime } from '../records/runtime.ts';

export interface RetryPolicy {
  /** Attempts in all. */
  readonly attempts: number;
  /** Longest delay before the second attempt, ms; it doubles from attempt to attempt. */
  readonly firstDelayMs: number;
  /** From the first attempt's begin, ms: no attempt begins later. */
  readonly deadlineMs: number;
}

/**
 * Repeats an attempt that failed with something that may pass, after a delay drawn from nothing to twice the last bound (full jitter).
 * @param attempt is told how many ms are left of the deadline.
 * @param waitFor how long an error asks to be left alone, ms; null: it will not pass.
 */
export async function withRetries<T>(
  { attempts, firstDelayMs, deadlineMs }: RetryPolicy,
  { elapsed, random, sleep }: Runtime,
  attempt: (leftMs: number) => Promise<T>,
  waitFor: (error: unknown) => number | null,
): Promise<T> {
  const begin = elapsed();
  const left = (): number => deadlineMs - (elapsed() - begin);
  for (let failed = 1; ; failed += 1) {
    try {
      return await attempt(left());
    } catch (error) {
      const wait = waitFor(error);
      if (wait === null || failed >= attempts) throw error;
      const delay = Math.max(wait, random() * firstDelayMs * 2 ** (failed - 1));
      if (delay >= left()) throw error;
      await sleep(delay);
    }
  }
}
