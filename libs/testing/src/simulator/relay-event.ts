import { exactNumber, stringifyExact } from '@clientele/contracts';
import type { JsonObject } from '@clientele/domain';
import type { ChangeType, OrgChange, Transaction } from './org-change.ts';
import type { Random } from './random.ts';

/** An event as the relay puts it on the bus. */
export interface RelayEvent {
  /** Records that it is about, at least 1: so many changes. */
  readonly records: number;
  readonly changeType: ChangeType;
  /** The EventBridge envelope, to be sent as it is. */
  readonly body: string;
}

/** An event that is still to be written. */
export interface EventDraft {
  readonly transaction: Omit<Transaction, 'changes'>;
  /** Changes of several records that say the same; at least one. */
  readonly group: readonly OrgChange[];
  readonly sequenceNumber: number;
  /** What the channel adds. */
  readonly enrichment: JsonObject;
}

/** The same event under another EventBridge id, as a relay that resumes too early sends it. */
export function underNewId(event: RelayEvent, random: Random): RelayEvent {
  return { ...event, body: event.body.replace(/"id":"[^"]+"/, `"id":"${random.uuid()}"`) };
}

/** The events of a transaction. Numbers in it may be skipped: changes of objects that nobody selected use them up. */
export function* draftEvents(transaction: Transaction, random: Random, merge: boolean): Generator<EventDraft> {
  let sequenceNumber = 0;
  for (const group of merge ? mergeEqual(transaction.changes) : transaction.changes.map((change) => [change])) {
    sequenceNumber += random.chance(0.1) ? 2 : 1;
    yield { transaction, group, sequenceNumber, enrichment: {} };
  }
}

/** Changes that say the same of several records of an object, in the place of the first. */
function mergeEqual(changes: readonly OrgChange[]): OrgChange[][] {
  const groups = new Map<string, OrgChange[]>();
  for (const change of changes) {
    const { recordId: _, ...said } = change;
    const key = stringifyExact(said);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()];
}

export function writeEvent({ transaction, group, sequenceNumber, enrichment }: EventDraft, orgId: string, random: Random): RelayEvent {
  const { commitNumber, transactionKey, user, origin } = transaction;
  const [first] = group;
  if (first === undefined) throw new RangeError('an event is about one record at least');
  const { entity, changeType, changedFields, commitTimestamp } = first;
  const body = { ...enrichment, ...first.body };
  const header = {
    commitNumber: exactNumber(String(commitNumber)), commitUser: user, sequenceNumber, entityName: entity, changeType, changedFields,
    changeOrigin: origin, transactionKey, commitTimestamp, recordIds: group.map(({ recordId }) => recordId),
  };
  const envelope = stringifyExact({
    version: '0',
    id: random.uuid(),
    'detail-type': `${entity}ChangeEvent`,
    source: `aws.partner/salesforce.com/${orgId}/0YL5f000000CabWGAS`,
    account: '123456789012',
    time: `${new Date(commitTimestamp + random.integer(1, 3) * 1000).toISOString().slice(0, 19)}Z`,
    region: 'eu-central-1',
    resources: [],
    detail: {
      // The order of members is not defined; the header comes first or last.
      payload: random.chance(0.5) ? { ...body, ChangeEventHeader: header } : { ChangeEventHeader: header, ...body },
      schemaId: '7gX2mQvPpT0w1YbKcVnLrA',
      id: random.uuid(),
    },
  });
  return { records: group.length, changeType, body: envelope };
}
