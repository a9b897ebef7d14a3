import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** A record is converted once, and merged as the look that counts says. */
export function whatBecameOfARecordIsToldOnce({ event, history }: SequenceContext): Finding[] {
  if (event.type === 'Converted' && history.converted) return [{ path: '', code: 'converted_again', message: 'Converted of a record that was converted before' }];
  if (event.type !== 'Merged' || history.read?.mark.order === event.survivor.mark.order) return [];
  return [{ path: '', code: 'merged_unseen', message: 'Merged, and not by the look that counts' }];
}
