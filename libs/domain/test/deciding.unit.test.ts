import t from 'tap';
import { ClientDomainService, dirtySince, initialRecord, publicState, replay, sourceFields } from '../src/index.ts';
import { cleaned, given, givenFor, kept, markedDirty, shown, told, withdrawn, type Story } from './support/given-when-then.ts';
import { at, client, create, look, remove, undelete, update } from './support/records.ts';

const first = ['lifecycle', 'complete'] as const;
const noWithdrawal = { ...client, announceWithdrawal: false };

const stories: Record<string, Story> = {
  'a create begins the history': given()
    .when(create(1, { Name: 'Acme', Phone: '1' }))
    .then([
      told('Created', 1, 'status_unknown', { fields: { Name: 'Acme', Phone: '1' }, floor: true, lifecycle: 'active', changed: [...first, 'fields.Phone', 'fields.name'] },
        shown({ Phone: '1', name: 'Acme' })),
    ]),
  'an update of an unknown record begins it too, incomplete': given()
    .when(update(2, { Name: 'Acme' }))
    .then([
      told('Updated', 2, 'status_unknown', { fields: { Name: 'Acme' }, changed: [...first, 'fields.name'] },
        shown({ name: 'Acme' }, { complete: false, dirtySince: '1970-01-01T00:00:02.000Z' })),
      markedDirty(2, 2, 'missing_create'),
    ], { warnings: ['record_unknown'] }),
  'the late create of an updated record is an update that completes it': given(update(2, { Name: 'Acme AG' }))
    .when(create(1, { Name: 'Acme', Phone: '1' }))
    .then([
      told('Updated', 1, 'status_unknown', { fields: { Phone: '1' }, lost: { Name: 'Acme' }, floor: true, lifecycle: 'active', changed: ['complete', 'fields.Phone'] },
        shown({ Phone: '1', name: 'Acme AG' })),
      cleaned(1),
    ], { lost: { Name: 'Acme' }, warnings: ['arrived_late'] }),
  'an update merges into a compound field': given(create(1, { BillingAddress: { Street: 'Old 1', City: 'Bern' } }))
    .when(update(2, { BillingAddress: { Street: 'New 2' } }))
    .then([
      told('Updated', 2, 'status_unknown', { fields: { BillingAddress: { Street: 'New 2' } }, changed: ['fields.address.Street'] },
        shown({ address: { City: 'Bern', Street: 'New 2' } })),
    ]),
  'a mapped component takes its own name': given(create(1, { BillingAddress: { PostalCode: '8001' } }))
    .when(update(2, { BillingAddress: { PostalCode: '8002', City: 'Bern' } }))
    .then([
      told('Updated', 2, 'status_unknown', { fields: { BillingAddress: { PostalCode: '8002', City: 'Bern' } }, changed: ['fields.address.City', 'fields.postcode'] },
        shown({ address: { City: 'Bern' }, postcode: '8002' })),
    ]),
  'a null parent clears its components': given(create(1, { BillingAddress: { Street: 'Old 1', City: 'Bern' } }))
    .when(update(3, { BillingAddress: null }))
    .then([
      told('Updated', 3, 'status_unknown', { fields: { BillingAddress: null }, changed: ['fields.address', 'fields.address.City', 'fields.address.Street'] },
        shown({ address: null })),
    ]),
  'a component that is older than a null parent loses': given(create(1, { BillingAddress: { City: 'Bern' } }), update(3, { BillingAddress: null }))
    .when(update(2, { BillingAddress: { Street: 'Late 2' }, Phone: '2' }))
    .then([
      told('Updated', 2, 'status_unknown', { fields: { Phone: '2' }, lost: { BillingAddress: { Street: 'Late 2' } }, changed: ['fields.Phone'] },
        shown({ Phone: '2', address: null })),
    ], { lost: { BillingAddress: { Street: 'Late 2' } }, warnings: ['arrived_late'] }),
  'a null parent that comes after a newer component still clears the older ones': given(
    create(1, { BillingAddress: { City: 'Bern' } }), update(3, { BillingAddress: { Street: 'New 3' } }))
    .when(update(2, { BillingAddress: null }))
    .then([
      told('Updated', 2, 'status_unknown', { fields: { BillingAddress: null }, changed: ['fields.address.City'] }, shown({ address: { Street: 'New 3' } })),
    ], { warnings: ['arrived_late'] }),
  'a value that lost is kept, and makes no event': given(create(1, { Name: 'A' }), update(3, { Name: 'C' }))
    .when(update(2, { Name: 'B' }))
    .thenSuperseded({ Name: 'B' }, ['arrived_late']),
  'a repeat is superseded': given(create(1, { Name: 'A' })).when(create(1, { Name: 'A' })).thenSuperseded({ Name: 'A' }),
  'a later clock on an equal value is an event that stays inside': given(create(1, { Name: 'A' }))
    .when(update(2, { Name: 'A' }))
    .then([kept('Updated', 2, 'no_value_changed', { fields: { Name: 'A' } })]),
  'absences clear in an undelete': given(create(1, { Name: 'A', Phone: '1' }), remove(2))
    .when(undelete(3, { Name: 'A' }))
    .then([
      told('Restored', 3, 'status_unknown', { fields: { Name: 'A' }, floor: true, lifecycle: 'active', changed: ['lifecycle', 'fields.Phone'] }, shown({ name: 'A' })),
    ]),
  'what is older than an undelete loses on every path': given(undelete(3, { Name: 'A' }))
    .when(update(2, { Phone: '2' }))
    .thenSuperseded({ Phone: '2' }, ['arrived_late']),
  'a deletion that an undelete overtook changes nothing': given(create(1), undelete(3, { Name: 'A' })).when(remove(2)).thenSuperseded({}, ['arrived_late']),
  'an undelete that a deletion overtook brings values and restores nothing': given(create(1, { Name: 'A' }), remove(3))
    .when(undelete(2, { Name: 'B' }))
    .then([kept('Updated', 2, 'record_deleted', { fields: { Name: 'B' }, floor: true, changed: ['fields.name'] })], { warnings: ['arrived_late'] }),
  'the deletion of a public record is told, and withdraws it': given(create(1, { Status: 'Active' }))
    .when(remove(2))
    .then([told('Deleted', 2, 'deletion_of_public_record', { lifecycle: 'deleted', changed: ['lifecycle'] }, null), withdrawn(2, 'Active')]),
  'the deletion of an unknown record leaves a tombstone': given()
    .when(remove(1))
    .then([kept('Deleted', 1, 'deletion_of_unannounced_record', { lifecycle: 'deleted', changed: [...first] })], { warnings: ['record_unknown'] }),
  'a create older than the tombstone completes it and does not revive it': given(remove(2))
    .when(create(1, { Name: 'A' }))
    .then([kept('Updated', 1, 'record_deleted', { fields: { Name: 'A' }, floor: true, changed: ['complete', 'fields.name'] })], { warnings: ['arrived_late'] }),
  'a second, later deletion stays inside': given(create(1), remove(2))
    .when(remove(3))
    .then([kept('Deleted', 3, 'no_value_changed', { lifecycle: 'deleted' })]),
  'a silent record is not told of': given()
    .when(create(1, { Status: 'PENDING' }))
    .then([kept('Created', 1, 'status_silent', { fields: { Status: 'PENDING' }, floor: true, lifecycle: 'active', changed: [...first, 'status', 'fields.Status'] })],
      { warnings: ['status_unlisted'] }),
  'a silent record that speaks up is told whole': given(create(1, { Status: 'Draft', Name: 'A' }))
    .when(update(2, { Status: 'Active' }))
    .then([told('Updated', 2, 'status_public', { fields: { Status: 'Active' }, changed: ['status', 'fields.Status'] }, shown({ Status: 'Active', name: 'A' }, { status: 'Active' }))]),
  'a public record that falls silent is withdrawn': given(create(1, { Status: 'Active' }))
    .when(update(2, { Status: 'Inactive' }))
    .then([kept('Updated', 2, 'status_silent', { fields: { Status: 'Inactive' }, changed: ['status', 'fields.Status'] }), withdrawn(2, 'Inactive')]),
  'what was withdrawn is not withdrawn again': given(create(1, { Status: 'Active' }), update(2, { Status: 'Inactive' }))
    .when(remove(3))
    .then([kept('Deleted', 3, 'deletion_of_unannounced_record', { lifecycle: 'deleted', changed: ['lifecycle'] })]),
  'an unlisted status is kept, told, and warned of': given(create(1))
    .when(update(2, { Status: 'Dormant' }))
    .then([told('Updated', 2, 'status_unknown', { fields: { Status: 'Dormant' }, changed: ['status', 'fields.Status'] }, shown({ Status: 'Dormant' }, { status: 'Dormant' }))],
      { warnings: ['status_unlisted'] }),
  'the first status field that has a value counts': given(create(1, { Status: 'Active', Status__c: ' ' }))
    .when(update(2, { Status__c: 'Draft' }))
    .then([kept('Updated', 2, 'status_silent', { fields: { Status__c: 'Draft' }, changed: ['status', 'fields.Status__c'] }), withdrawn(2, 'Draft')]),
  'withdrawals can be switched off: a deletion is told all the same': givenFor(noWithdrawal, create(1))
    .when(remove(2))
    .then([told('Deleted', 2, 'deletion_of_public_record', { lifecycle: 'deleted', changed: ['lifecycle'] }, null)]),
  'withdrawals can be switched off: silence falls without a word': givenFor(noWithdrawal, create(1, { Status: 'Active' }))
    .when(update(2, { Status: 'Inactive' }))
    .then([kept('Updated', 2, 'status_silent', { fields: { Status: 'Inactive' }, changed: ['status', 'fields.Status'] })]),
  'a reference that is no id is warned of': given(create(1))
    .when(update(2, { ParentId: 7 }))
    .then([told('Updated', 2, 'status_unknown', { fields: { ParentId: 7 }, changed: ['fields.ParentId'] }, shown({ ParentId: 7 }))],
      { warnings: ['reference_not_an_id'] }),
};

t.test('what becomes of a change', (t) => {
  for (const [name, { seen, expected }] of Object.entries(stories)) t.strictSame(seen, expected, name);
  t.end();
});

t.test('a record changed after its deletion is in doubt since the earliest such value', (t) => {
  const decided = (...changes: Parameters<typeof ClientDomainService.processCrmEvent>[0][]) =>
    changes.reduce((state, change) => ClientDomainService.processCrmEvent(change, state, client).stateAfter, initialRecord);
  t.equal(dirtySince(decided(create(1, { Name: 'A' }), remove(2))), null);
  t.equal(dirtySince(decided(remove(2), update(4, { Phone: '4' }), update(3, { Name: 'B' }))), at(3));
  t.equal(dirtySince(decided(update(4, { Phone: '4' }), update(3, { Name: 'B' }), remove(2))), at(3), 'whichever came first');
  t.equal(dirtySince(decided(remove(2), update(3, { Name: 'B' }), undelete(5))), null, 'an undelete since settles it');
  const doubtful = decided(create(1), remove(2), update(3, { Name: 'B' }));
  t.match(publicState(doubtful, client), { lifecycle: 'deleted', dirty_since: '1970-01-01T00:00:03.000Z' });
  t.end();
});

t.test('a record read back whole begins a history', (t) => {
  const events = ClientDomainService.handleMissingCreate({ ...look(5, { Name: 'A', Phone: null }), definition: client });
  t.strictSame(events.map(({ type }) => type), ['Created']);
  const state = replay(events);
  t.ok(state.complete);
  t.strictSame(sourceFields(state), { Name: 'A', Phone: null });
  t.end();
});
