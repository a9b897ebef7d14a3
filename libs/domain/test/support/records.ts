import {
  clockOf, fieldWrites, readMark, type AggregateDefinition, type Change, type ChangeKind, type Clock, type JsonObject, type RecordReading, type RecordReference,
} from '../../src/index.ts';

/** A definition as the mapping file would give it for a client. */
export const client: AggregateDefinition = {
  type: 'client',
  statusPaths: ['Status__c', 'Status'],
  statusValues: ['Active', 'Inactive', 'Pending', 'Draft', 'VIP'],
  silentStatuses: ['inactive', 'pending', 'draft'],
  announceWithdrawal: true,
  names: { Name: 'name', BillingAddress: 'address', 'BillingAddress.PostalCode': 'postcode' },
  references: { ParentId: 'Account' },
  personal: ['Phone', 'BillingAddress'],
  conversion: null,
};

/** The n-th moment: clocks rise with n. */
export function at(n: number): Clock {
  return clockOf({ commitTime: n * 1000, commitNumber: String(n), sequenceNumber: 1, changeId: `c${n}` });
}

export const create = (n: number, fields: JsonObject = {}): Change => change('create', n, fields);
export const update = (n: number, fields: JsonObject = {}): Change => change('update', n, fields);
export const undelete = (n: number, fields: JsonObject = {}): Change => change('undelete', n, fields);
export const remove = (n: number): Change => change('delete', n, {});

export const gapCreate = (n: number): Change => change('gap_create', n, {});
export const gapUpdate = (n: number): Change => change('gap_update', n, {});
export const gapUndelete = (n: number): Change => change('gap_undelete', n, {});
/** An update of which a text came as the difference from the one before. */
export const differ = (n: number, path: string, patch: string, fields: JsonObject = {}): Change => ({ ...update(n, fields), diffs: [{ path, patch }] });

/** A look that began at the n-th moment and ended half a second later, with half a second of margin: it has seen what is before n - 0.5. */
export function look(n: number, fields: JsonObject | null, survivor: RecordReference | null = null): RecordReading {
  const id = `r${n}`;
  return {
    id,
    key: { source: 'a:source', entity: 'Account', externalId: '1' },
    mark: readMark({ from: new Date(n * 1000).toISOString(), until: new Date(n * 1000).toISOString(), number: n, id }, 500),
    result: fields === null ? 'deleted' : 'found',
    survivor,
    fields: fieldWrites(fields ?? {}),
    occurredAt: new Date(n * 1000).toISOString(),
  };
}

function change(kind: ChangeKind, n: number, fields: JsonObject): Change {
  return {
    id: `c${n}`,
    kind,
    key: { source: 'a:source', entity: 'Account', externalId: '1' },
    clock: at(n),
    fields: fieldWrites(fields),
    occurredAt: new Date(n * 1000).toISOString(),
  };
}
