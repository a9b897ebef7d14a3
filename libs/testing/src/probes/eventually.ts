import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface EventuallyOptions<T> {
  /** How long what is seen may stay as it is (default 15 s); all in all it is waited for four times as long. */
  readonly timeoutMs?: number;
  /** What is waited for; default: a value that is neither false, null nor undefined. */
  readonly until?: (value: T) => boolean;
}

const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;
/** What moves is only slow, on a machine that has much else to do. */
const PATIENCE = 4;

/**
 * Asks again and again until the answer is the awaited one, and returns it. A probe that throws is asked again.
 * @throws Error that names `what` and says what was last seen.
 */
export async function eventually<T>(what: string, probe: () => Promise<T> | T, options: EventuallyOptions<T> = {}): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 15_000;
  const until = options.until ?? ((value: T) => value !== false && value !== null && value !== undefined);
  const begun = Date.now();
  let changed = begun;
  let before = '';
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    let cause: unknown;
    let seen: string;
    try {
      const value = await probe();
      if (until(value)) return value;
      seen = inspect(value, { depth: 6, breakLength: 120 });
    } catch (error) {
      cause = error;
      seen = `the probe threw ${String(error)}`;
    }
    const now = Date.now();
    if (seen !== before) changed = now;
    before = seen;
    if (now >= Math.min(changed + timeoutMs, begun + PATIENCE * timeoutMs)) throw new Error(`gave up after ${now - begun} ms waiting for: ${what}; last seen: ${seen}`, { cause });
    await delay(pause);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS);
  }
}
