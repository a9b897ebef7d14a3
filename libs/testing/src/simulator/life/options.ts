/**
 * What happens in an org beside its daily work. Shares are of transactions unless said otherwise, 0 to 1, and off by default: an org
 * without any of them is, byte for byte, the one that it was before they existed.
 */
export interface OrgLife {
  /** Share of pauses between transactions that are at most 10 ms: many commits a second, all stamped with the same whole second. */
  readonly rush?: number;
  /** Share of updates that go to one of the few records that were changed last. */
  readonly hot?: number;
  /**
   * Transactions are stamped up to this long before they commit, beside what whole seconds take off; the stamps of one record never fall. Up
   * to 1,000 ms a stamp precedes its commit by less than 2 s; more than that is what only a reconciliation repairs.
   */
  readonly stampDelayMs?: number;
  /** Account, contact or lead merges: losers deleted, winner updated, what hung on the losers moved to it. */
  readonly merges?: number;
  /** A lead becomes an account, a contact and most times an opportunity. */
  readonly conversions?: number;
  /** The bin of one deletion is emptied: nothing is announced, nothing can be undeleted, queries no longer see it. */
  readonly hardDeletes?: number;
  /** A record is deleted and its bin emptied with no event at all: only the deleted query and comparisons find it. */
  readonly vanishings?: number;
  /** Share of updates and creations of records that have a description which write a large one, or edit it: diffs, where the documented thresholds allow one. */
  readonly largeTexts?: number;
  /** Share of new accounts that are person accounts, each with its contact. */
  readonly personAccounts?: number;
  /** Formula fields (`Tier__c` of accounts, `Account_Tier__c` of opportunities): in creations, in some updates, and of some of their changes nothing is told. */
  readonly formulas?: boolean;
  /** Share of the transactions that an integration makes, and how `changeOrigin` names its client. */
  readonly own?: { readonly client: string; readonly share: number };
  /** A field's type is changed with loss: its values go, without any stamp; one event with the wildcard id says so. */
  readonly fieldConversions?: number;
  /** Share that is announced by gap events alone; half of their updates leave `LastModifiedDate` as it was. */
  readonly gaps?: number;
  /** Mass changes of up to `size` records; what exceeds `threshold` changes (an update counts per changed field) is one GAP_OVERFLOW an entity. */
  readonly overflow?: { readonly share: number; readonly size: number; readonly threshold: number };
  /** Share of the transactions after which the org moves to the newer infrastructure: commit numbers jump from 10^13 to 10^18. */
  readonly generationJump?: number;
  /** About one in so many changes is never announced. */
  readonly silentLoss?: number;
}

/** Everything that an org can go through short of what no feed and no read can mend (late stamps, vanishing, silent loss, formulas). */
export const FULL_LIFE: OrgLife = {
  rush: 0.5, hot: 0.3, stampDelayMs: 900, merges: 0.03, conversions: 0.03, hardDeletes: 0.02, largeTexts: 0.3, personAccounts: 0.2,
  own: { client: 'Clientele', share: 0.1 }, gaps: 0.05, generationJump: 0.4,
};
