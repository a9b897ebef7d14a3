import { factsOf } from './process-facts.ts';
import type { ProcessIdentity } from './process-register.ts';

const FARTHEST = 3;

/** The npm that runs us, a shell or so above; null where nobody used npm. */
export function npmAbove(env: NodeJS.ProcessEnv): ProcessIdentity | null {
  if (env['npm_lifecycle_event'] === undefined) return null;
  let pid = process.ppid;
  for (let steps = 0; steps < FARTHEST; steps += 1) {
    const facts = factsOf(pid);
    if (facts === null) return null;
    if (/^npm\b|npm-cli\.js/.test(facts.command)) return { pid, startedAt: facts.startedAt };
    pid = facts.parent;
  }
  return null;
}
