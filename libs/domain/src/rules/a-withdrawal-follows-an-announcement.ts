import type { Finding } from '../finding.ts';
import type { SequenceContext } from './contexts.ts';

/** Only what others hold can be withdrawn from them. */
export function aWithdrawalFollowsAnAnnouncement({ event, history }: SequenceContext): Finding[] {
  if (event.type !== 'Withdrawn' || history.announced) return [];
  return [{ path: '', code: 'withdrawn_unannounced', message: 'Withdrawn of a record that nobody was told of' }];
}
