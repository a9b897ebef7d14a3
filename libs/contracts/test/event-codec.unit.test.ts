import { clockOf, type DomainEvent, type Json, type RecordChanged } from '@clientele/domain';
import fc from 'fast-check';
import t from 'tap';
import {
  decodeDomainEvent, encodeDomainEvent, exactNumber, joinPersonal, logEntryFromRow, NewerSchemaError, newestSchemaVersion, stringifyExact,
  upcast, type EventLogRow, type EventMetadata, type Upcasters,
} from '../src/index.ts';

const clock = { commitTime: 1745496000123, commitNumber: '1745500706683617281', sequenceNumber: 1, changeId: '20250424-x' };
const metadata: EventMetadata = {
  correlationId: 'c', causationId: 'k', commandId: 'k', changeId: '20250424-x', provider: 'salesforce', source: 's', entity: 'Account', externalId: '1', clock,
  change: {
    kind: 'change', actor: null, origin: null, clock: { commit_time: 'x', commit_number: '1', sequence_number: 0 }, correlation_id: 'c', causation_id: null,
    transaction_id: null, source_change_type: 'UPDATE',
  },
  changeEventType: null, broadcast: false, broadcastReason: 'r', warnings: [], receivedAt: 'x',
};
const definition = { personal: ['Phone', 'BillingAddress'] };

function changed(fields: Partial<RecordChanged>): RecordChanged {
  return { type: 'Updated', clock: clockOf(clock), fields: [], lost: [], floor: false, lifecycle: null, changed: [], state: null, ...fields };
}

t.test('personal values stand apart, in whatever list they are, and the whole state with them', async (t) => {
  const event = changed({
    diffs: [{ path: 'Phone', patch: '@@' }, { path: 'Description', patch: '@@' }],
    fields: [{ path: 'Name', value: 'A' }, { path: 'Phone', value: '1' }, { path: 'PhoneExtension', value: '2' }, { path: 'BillingAddress.Street', value: 'x' }],
    lost: [{ path: 'BillingAddress', value: null }, { path: 'Name', value: 'B' }], state: { fields: { Name: 'A' } },
  });
  t.same(encodeDomainEvent(event, definition), {
    data: { fields: { Name: 'A', PhoneExtension: '2' }, lost: { Name: 'B' }, floor: false, lifecycle: null, changed: [], state: null, diffs: { Description: '@@' } },
    personal: { diffs: { Phone: '@@' }, fields: { Phone: '1', 'BillingAddress.Street': 'x' }, lost: { BillingAddress: null }, state: { fields: { Name: 'A' } } },
  });
  t.equal(encodeDomainEvent(changed({ fields: [{ path: 'Name', value: 'A' }] }), definition).personal, null, 'nothing personal in it');
  const open = encodeDomainEvent(event, { personal: [] });
  t.same([open.personal, open.data['state']], [null, { fields: { Name: 'A' } }], 'nothing is personal at all');
  await Promise.resolve();
});

t.test('every event comes back as it was, also through text', async (t) => {
  const value: fc.Arbitrary<Json> = fc.oneof(fc.string(), fc.boolean(), fc.constant(null), fc.integer(), fc.constantFrom('100.50', '1745500706683617281', '1e400').map(exactNumber), fc.array(fc.string()));
  const path = fc.oneof(fc.constantFrom('Name', 'Phone', 'BillingAddress.City', 'a\\.b', '__proto__', 'toString'), fc.string({ minLength: 1 }).filter((text) => !/^\d+$/.test(text)));
  const fields = fc.uniqueArray(fc.record({ path, value }), { selector: (write) => write.path, maxLength: 8 });
  const mark = fc.record({ from: fc.integer({ min: 0 }), until: fc.integer({ min: 0 }) }).map((times) => ({ ...times, order: clockOf(clock) }));
  const state = fc.option(fc.constant({ fields: { revenue: exactNumber('100.50') } }));
  const events: fc.Arbitrary<DomainEvent> = fc.oneof(
    fc.record({ reason: fc.constantFrom('gap', 'window', 'after_deletion', 'diff', 'missing_create', 'survivor'), gap: fc.boolean() })
      .map((said): DomainEvent => ({ type: 'MarkedDirty', clock: clockOf(clock), since: clockOf({ ...clock, commitTime: 1 }), ...said })),
    state.map((state): DomainEvent => ({ type: 'Cleaned', clock: clockOf(clock), state })),
    fc.record({ entity: fc.string(), externalId: fc.string(), mark }).map((survivor): DomainEvent => ({ type: 'Merged', clock: clockOf(clock), survivor })),
    fc.array(fc.record({ field: fc.string(), entity: fc.string(), externalId: fc.string() })).map((into): DomainEvent => ({ type: 'Converted', clock: clockOf(clock), into })),
    fc.record({ status: fc.option(fc.string()) }).map(({ status }): DomainEvent => ({ type: 'Withdrawn', clock: clockOf(clock), status })),
    fc.record({
      type: fc.constantFrom('Created', 'Updated', 'Restored', 'Deleted'), fields, lost: fields, floor: fc.boolean(), changed: fc.array(fc.string()),
      lifecycle: fc.constantFrom('active', 'deleted', null), state, withheld: fc.constantFrom(true, undefined),
      read: fc.option(fc.record({ mark, result: fc.constantFrom('found', 'deleted') }), { nil: undefined }),
      diffs: fc.option(fc.uniqueArray(fc.record({ path, patch: fc.string() }), { selector: (diff) => diff.path, minLength: 1, maxLength: 3 }), { nil: undefined }),
    }).map(({ read, diffs, withheld, ...said }) => changed({ ...said, ...(read ? { read } : {}), ...(diffs ? { diffs } : {}), ...(withheld ? { withheld } : {}) })),
  );
  const ordered = (event: DomainEvent): unknown => {
    if (!('fields' in event)) return event;
    const sorted = (writes: RecordChanged['fields']): unknown => [...writes].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { ...event, fields: sorted(event.fields), lost: sorted(event.lost), diffs: [...(event.diffs ?? [])].sort((a, b) => (a.path < b.path ? -1 : 1)) };
  };
  fc.assert(fc.property(events, fc.constantFrom(definition, { personal: [] }), (event, how) => {
    const { data, personal } = encodeDomainEvent(event, how);
    const row: EventLogRow = {
      position: '1', id: 'i', kind: 'event', stream_id: 's', stream_type: 'client', version: '1', type: event.type, schema_version: 1, data: stringifyExact(data),
      personal: personal === null ? null : stringifyExact(personal), metadata: stringifyExact(metadata), occurred_at: '2025-01-01T00:00:00Z', recorded_at: '2025-01-01T00:00:00Z',
    };
    const entry = logEntryFromRow(row);
    const decoded = entry.kind === 'event' ? decodeDomainEvent(entry) : null;
    return decoded !== null && stringifyExact(ordered(decoded)) === stringifyExact(ordered(event));
  }), { numRuns: 500 });
  t.pass('for 500 events');
  await Promise.resolve();
});

t.test('an erased personal part leaves an event that can be read', async (t) => {
  const { data } = encodeDomainEvent(changed({ fields: [{ path: 'Name', value: 'A' }, { path: 'Phone', value: '1' }], state: {} }), definition);
  t.match(decodeDomainEvent({ type: 'Updated', data: joinPersonal(data, null), metadata }), { fields: [{ path: 'Name', value: 'A' }], state: null });
  await Promise.resolve();
});

t.test('older versions are brought to the newest, newer ones are left to newer code', async (t) => {
  const upcasters: Upcasters = {
    Withdrawn: [(data) => ({ status: data['state'] ?? null }), (data) => ({ ...data, seen: true })],
  };
  t.equal(newestSchemaVersion('Withdrawn'), 1);
  t.equal(newestSchemaVersion('Withdrawn', upcasters), 3);
  t.same(upcast('Withdrawn', 1, { state: 'x' }, upcasters), { status: 'x', seen: true });
  t.same(upcast('Withdrawn', 2, { status: 'y' }, upcasters), { status: 'y', seen: true });
  t.same(upcast('Withdrawn', 3, { status: 'z' }, upcasters), { status: 'z' });
  t.throws(() => upcast('Withdrawn', 4, {}, upcasters), NewerSchemaError);
  const row: EventLogRow = {
    position: 1, id: 'i', kind: 'event', stream_id: 's', stream_type: 'client', version: 1, type: 'Withdrawn', schema_version: 1, data: '{"state":"x"}', personal: null,
    metadata: stringifyExact(metadata), occurred_at: new Date(0), recorded_at: new Date(0),
  };
  t.match(logEntryFromRow(row, upcasters), { schemaVersion: 3, data: { status: 'x', seen: true }, recordedAt: '1970-01-01T00:00:00.000Z' });
  t.throws(() => logEntryFromRow({ ...row, type: 'Vanished' }), NewerSchemaError);
  t.throws(() => logEntryFromRow({ ...row, schema_version: 2 }), NewerSchemaError);
  t.throws(() => logEntryFromRow({ ...row, kind: 'outcome', type: 'lost' }), TypeError);
  await Promise.resolve();
});

t.test('what is not of its shape is told, not guessed', async (t) => {
  const whole = encodeDomainEvent(changed({}), definition).data;
  for (const [name, value] of [['fields', undefined], ['lost', []], ['lifecycle', 'gone'], ['changed', 'x'], ['state', 1]] as const) {
    const { [name]: _, ...rest } = whole;
    const data = value === undefined ? rest : { ...rest, [name]: value };
    t.throws(() => decodeDomainEvent({ type: 'Updated', data, metadata }), new RegExp(name));
  }
  t.throws(() => decodeDomainEvent({ type: 'Unmerged', data: whole, metadata }), NewerSchemaError);
  t.throws(() => decodeDomainEvent({ type: 'Merged', data: whole, metadata }), TypeError);
  t.throws(() => decodeDomainEvent({ type: 'MarkedDirty', data: { since: 'x', reason: 'gap' }, metadata }), TypeError);
  t.throws(() => decodeDomainEvent({ type: 'MarkedDirty', data: { since: clockOf(clock), reason: 'whim', gap: false }, metadata }), NewerSchemaError);
  t.throws(() => decodeDomainEvent({ type: 'Withdrawn', data: {}, metadata }), TypeError);
  await Promise.resolve();
});
