import { asGap, isRecordChange, type OrgChange, type Transaction } from './org-change.ts';
import type { Random } from './random.ts';
import { draftEvents, type EventDraft } from './relay-event.ts';

/** Gap events tell of a lost transaction after so many others, at the latest. */
const TOLD_WITHIN = 30;

/**
 * A share of the transactions is lost as a whole; gap events of their positions, under a key that nothing else has, tell of them later.
 * What names no record is never lost.
 */
export function* lossesWithGaps(transactions: Iterable<Transaction>, random: Random, share: number, lost: () => void): Generator<Transaction> {
  const due: { readonly at: number; readonly transaction: Transaction }[] = [];
  let passed = 0;
  for (const transaction of transactions) {
    passed += 1;
    if (transaction.changes.length > 0 && transaction.changes.every(namesItsRecord) && random.chance(share)) {
      for (const _ of transaction.changes) lost();
      due.push({ at: passed + random.integer(0, TOLD_WITHIN), transaction: { ...transaction, transactionKey: random.uuid(), changes: transaction.changes.map(asGap) } });
    } else yield transaction;
    for (let at = due.findIndex((gap) => gap.at <= passed); at >= 0; at = due.findIndex((gap) => gap.at <= passed)) {
      yield* due.splice(at, 1).map((gap) => gap.transaction);
    }
  }
  yield* due.map((gap) => gap.transaction);
}

/** Writes the events of a transaction in which gaps have their ids merged, as they always have. */
export function draftsOf(transaction: Transaction, random: Random, merge: boolean): Iterable<EventDraft> {
  return draftEvents(transaction, random, merge || transaction.changes.every(({ changeType }) => changeType.startsWith('GAP_')));
}

/** A share of the events loses its content. */
export function* gapsInPlace(drafts: Iterable<EventDraft>, random: Random, share: number, lost: () => void): Generator<EventDraft> {
  for (const draft of drafts) {
    if (!draft.group.every((change) => namesItsRecord(change) && isRecordChange(change.changeType)) || !random.chance(share)) {
      yield draft;
      continue;
    }
    lost();
    const { transaction } = draft;
    // A gap of the database has that one's own id for its transaction.
    yield { ...draft, transaction: random.chance(0.5) ? transaction : { ...transaction, transactionKey: random.uuid() }, group: draft.group.map(asGap) };
  }
}

function namesItsRecord({ recordId, changeType }: OrgChange): boolean {
  return changeType !== 'GAP_OVERFLOW' && !recordId.endsWith('*');
}
