import { setTimeout as delay } from 'node:timers/promises';
import { lastLines } from './log-files.ts';
import { StartError } from './start-error.ts';
import type { Supervisor } from './supervisor.ts';

const PATIENCE_MS = 90_000;
const ASK_MS = 2_000;
const MOST_ENDS = 3;
const TAIL_LINES = 15;

/**
 * Waits until the service says that it can serve.
 * @throws StartError with the end of its log, when it keeps ending or is not ready in time.
 */
export async function untilReady(service: Supervisor, address: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  let seen = 'no answer';
  while (!signal.aborted) {
    const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(ASK_MS) }).catch(() => null);
    if (answer?.ok === true) {
      await answer.body?.cancel();
      return;
    }
    if (answer !== null) seen = `${answer.status} ${await answer.text()}`;
    if (service.quickEnds >= MOST_ENDS) throw failure(service, `does not start (${service.lastEnd})`);
    if (Date.now() > deadline) throw failure(service, `was not ready within ${PATIENCE_MS / 1000} s (${address}/health/ready: ${seen})`);
    await delay(100);
  }
}

function failure({ part }: Supervisor, what: string): StartError {
  const tail = lastLines(part.logFile, TAIL_LINES).map((line) => `    ${line}`).join('\n');
  return new StartError(`${part.name} ${what}; its last words:\n${tail}`, `all of them are in ${part.logFile}`);
}
