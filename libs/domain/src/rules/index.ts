import { aCreatedComesFirst } from './a-created-comes-first.ts';
import { aStatusIsOneOfTheListed } from './a-status-is-one-of-the-listed.ts';
import { aWithdrawalFollowsAnAnnouncement } from './a-withdrawal-follows-an-announcement.ts';
import { anEventMovesClocksForward } from './an-event-moves-clocks-forward.ts';
import { anEventMovesSomething } from './an-event-moves-something.ts';
import { clientExists } from './client-exists.ts';
import type { ChangeContext, ProviderContext, SequenceContext, StateContext } from './contexts.ts';
import { dataConsistency } from './data-consistency.ts';
import { doubtIsToldAsItIs } from './doubt-is-told-as-it-is.ts';
import { eventOrdering } from './event-ordering.ts';
import { providerSupported } from './provider-supported.ts';
import { whatBecameOfARecordIsToldOnce } from './what-became-of-a-record-is-told-once.ts';
import type { Rule } from './rule.ts';

export { brokenRules, type Rule } from './rule.ts';
export type { ChangeContext, ProviderContext, SequenceContext, StateContext };
export { clientExists, dataConsistency, eventOrdering, providerSupported };

/** On a change from a feed these only warn: a feed is late, torn and repeated by nature, and nothing is refused for that. */
export const feedRules: readonly Rule<ChangeContext>[] = [clientExists, eventOrdering, dataConsistency];

export const statusRules: readonly Rule<StateContext>[] = [aStatusIsOneOfTheListed];

/** These bind: a sender that is not known cannot be served. */
export const providerRules: readonly Rule<ProviderContext>[] = [providerSupported];

/** Invariants of what is appended. */
export const sequenceRules: readonly Rule<SequenceContext>[] = [
  aCreatedComesFirst, anEventMovesClocksForward, anEventMovesSomething, aWithdrawalFollowsAnAnnouncement, doubtIsToldAsItIs,
  whatBecameOfARecordIsToldOnce,
];
