import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';

/** Whatever is not a create speaks of a record that is known. */
export function clientExists({ change, state }: ChangeContext): Finding[] {
  if (state.version > 0 || change.kind === 'create') return [];
  const message = `The first that is heard of this record is its ${change.kind}: what was there before is not known`;
  return [{ path: '', code: 'record_unknown', message }];
}
