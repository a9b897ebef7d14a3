import { clockOf, fieldWrites, type AggregateDefinition, type Change, type ChangeKind, type Clock, type JsonObject } from '../../src/index.ts';

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
