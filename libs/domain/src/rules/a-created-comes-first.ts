import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** Only the first event of a record is its creation. */
export function aCreatedComesFirst({ event, history }: SequenceContext): Finding[] {
  if (event.type !== 'Created' || history.version === 0) return [];
  return [{ path: '', code: 'created_not_first', message: `Created would be event ${history.version + 1} of its record` }];
}
