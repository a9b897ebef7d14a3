import type { Finding } from '../finding.ts';
import { statusField } from '../status.ts';
import type { StateContext } from './contexts.ts';

/** The status has one of the values that the mapping lists, where it lists any. */
export function aStatusIsOneOfTheListed({ state, definition }: StateContext): Finding[] {
  const found = statusField(state, definition);
  if (found === null || definition.statusValues === null || definition.statusValues.includes(found.status)) return [];
  const message = `Status "${found.status}" is not in the mapping's list (${definition.statusValues.join(', ')}): kept, and told as it is`;
  return [{ path: found.path, code: 'status_unlisted', message }];
}
