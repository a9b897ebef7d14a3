import { setTimeout as delay } from 'node:timers/promises';
import { StartError } from './start-error.ts';
import type { Supervisor } from './supervisor.ts';

const PATIENCE_MS = 90_000;
const ASK_MS = 2_000;
const MOST_ENDS = 3;
/** What fails with the first, and about as soon, is told with it: one wrong setting may be several services', and several be wrong. */
const MORE_FAILURES_MS = 3_000;

/**
 * Waits until every service says that it can serve.
 * @throws StartError with the ends of the logs of those that have wrong settings, keep ending or are not ready in time.
 */
export async function untilAllReady(services: readonly Supervisor[], addressOf: (service: Supervisor) => string, signal: AbortSignal): Promise<void> {
  const failures: StartError[] = [];
  const enough = new AbortController();
  const until = AbortSignal.any([signal, enough.signal]);
  await Promise.all(services.map(async (service) => {
    const failure = await untilReady(service, addressOf(service), until);
    if (failure === null) return;
    failures.push(failure);
    setTimeout(() => enough.abort(), MORE_FAILURES_MS).unref();
  }));
  if (failures.length === 0) return;
  const remedies = new Set(failures.map(({ remedy }) => remedy));
  throw new StartError(failures.map(({ message }) => message).join('\n'), [...remedies].join('; '));
}

/** Null once it is ready, or nobody wants to know any more. */
async function untilReady(service: Supervisor, address: string, signal: AbortSignal): Promise<StartError | null> {
  const deadline = Date.now() + PATIENCE_MS;
  let seen = 'no answer';
  while (!signal.aborted) {
    const answer = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(ASK_MS) }).catch(() => null);
    if (answer?.ok === true) {
      await answer.body?.cancel();
      return null;
    }
    if (answer !== null) seen = `${answer.status} ${await answer.text()}`;
    if (service.isRefused) return failure(service, `does not start (${service.lastEnd})`, 'correct the settings that the lines above name');
    if (service.quickEnds >= MOST_ENDS) return failure(service, `does not start (${service.lastEnd})`);
    if (Date.now() > deadline) return failure(service, `was not ready within ${PATIENCE_MS / 1000} s (${address}/health/ready: ${seen})`);
    await delay(100);
  }
  return null;
}

function failure(service: Supervisor, what: string, remedy?: string): StartError {
  const { name, logFile } = service.part;
  const tail = service.lastWords().map((line) => `    ${line}`).join('\n');
  return new StartError(`${name} ${what}; its last words:\n${tail}`, remedy ?? `all of them are in ${logFile}`);
}
