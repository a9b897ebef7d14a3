import { noFault, type FaultPoint } from '@clientele/contracts';
import { isDevelopment, type Environment } from './settings/read-settings.ts';

const NEVER_WOKEN = new Int32Array(new SharedArrayBuffer(4));

/**
 * `CLIENTELE_FAULT=<name>` kills the process, hard, when it reaches the fault point of that name; `<name>#<nth>` at the nth time.
 * Outside development and test nothing does.
 */
export function faultFromEnvironment(env: Environment): FaultPoint {
  const wanted = env['CLIENTELE_FAULT'];
  if (!wanted || !isDevelopment(env)) return noFault;
  const [, name = wanted, nth = '1'] = /^(.+?)(?:#(\d+))?$/.exec(wanted) ?? [];
  let left = Number(nth);
  return (reached) => {
    if (reached !== name || --left > 0) return;
    process.kill(process.pid, 'SIGKILL');
    // Not one statement more may run while the signal is on its way.
    Atomics.wait(NEVER_WOKEN, 0, 0);
  };
}
