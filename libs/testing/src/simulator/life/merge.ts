import type { FieldWrite } from '@clientele/domain';
import { account } from '../entities/index.ts';
import type { OrgChange } from '../org-change.ts';
import type { Moment, OrgRecord } from '../org-record.ts';
import type { OrgRecords } from '../org-records.ts';
import type { Random } from '../random.ts';

/**
 * Somebody merges two or three records: the losers are deleted, what hung on them moves to the winner, and the winner takes over values
 * that it lacked. No event says which record won. Nothing where there are too few.
 */
export function merge(records: OrgRecords, random: Random, moment: Moment): OrgChange[] {
  const entity = random.pick(['Account', 'Contact', 'Lead']);
  const [winner, ...losers] = records.live(entity).drawSome(random, random.integer(2, 3)).filter(({ spec }) => entity !== 'Account' || spec === account);
  if (winner === undefined || losers.length === 0) return [];
  const left = losers.map((loser) => ({ loser, children: records.childrenOf(loser) }));
  return [
    ...losers.flatMap((loser) => records.mergeAway(loser, winner, moment)),
    ...left.flatMap(({ children }) => children).flatMap((child) => records.update(child, [{ path: 'AccountId', value: winner.id }], moment)),
    ...records.update(winner, takenOver(winner, losers, random), moment),
  ];
}

function takenOver(winner: OrgRecord, losers: readonly OrgRecord[], random: Random): FieldWrite[] {
  const lacking = winner.spec.fields.map(({ path }) => path).filter((path) => !winner.fields.has(path) && path !== 'ParentId');
  const offers = lacking.flatMap((path) => losers.flatMap(({ fields }) => {
    const value = fields.get(path);
    return value === undefined ? [] : [{ path, value }];
  }));
  return Array.from(new Map(random.some(offers, 3).map((write) => [write.path, write])).values());
}
