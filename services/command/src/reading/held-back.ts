import { setTimeout as sleep } from 'node:timers/promises';
import { CIRCUIT_OPEN, ProviderError, type RecordSource } from '@clientele/providers';

/**
 * Whether an operation was held back by the breaker, which has closed since: another one's trial call succeeded. Whoever waits for the next
 * trial need not any more.
 */
export function isLetGo(error: unknown, records: Pick<RecordSource, 'breaker'>): boolean {
  return error instanceof ProviderError && error.code === CIRCUIT_OPEN && records.breaker().state === 'closed';
}

const LOOK_EVERY_MS = 250;

/** Waits so long after an error, or until what it was held back by is over. @throws the signal's reason */
export async function untilLetGo(error: ProviderError, ms: number, records: Pick<RecordSource, 'breaker'>, signal: AbortSignal): Promise<void> {
  const until = performance.now() + ms;
  for (let left = ms; left > 0 && !isLetGo(error, records); left = until - performance.now()) {
    await sleep(Math.min(left, LOOK_EVERY_MS), undefined, { signal });
  }
}
