import assert from 'node:assert/strict';
import { decodeDomainEvent, exactNumber, parseExact, type StoredEvent } from '@clientele/contracts';
import { initialRecord, replay, type DomainEvent, type Json } from '@clientele/domain';
import fc from 'fast-check';
import t from 'tap';
import { applyToChange, type ChangeView } from '../src/changes/change-view.ts';
import { composeRecord } from '../src/records/compose-record.ts';
import { applyToRecord, type RecordView } from '../src/records/record-view.ts';
import { decodeState, encodeState } from '../src/records/state-document.ts';
import { DEFINITION, LogBuilder, type SentChange } from './support/log-builder.ts';
import { sentChanges } from './support/random-changes.ts';

const TIME = Date.parse('2025-06-05T10:00:00.000Z');
const EXACT = [
  { path: 'AnnualRevenue', value: exactNumber('100.50') },
  { path: 'Big__c', value: exactNumber('1745500706683617281') },
  { path: 'Tags', value: [exactNumber('1.10'), { deep: exactNumber('2.00') }, null] },
  { path: 'BillingAddress.Street', value: 'Main St 1' },
  { path: '__proto__', value: 'a name like any other' },
];

function recordAfter(changes: readonly SentChange[], definition = DEFINITION): RecordView {
  const log = new LogBuilder(definition);
  for (const change of changes) log.change(change);
  return foldRecord(log);
}

function foldRecord(log: LogBuilder): RecordView {
  let view: RecordView | null = null;
  for (const entry of log.entries) if (entry.kind === 'event') view = applyToRecord(view, entry, decodeDomainEvent(entry));
  if (view === null) throw new Error('no event');
  return view;
}

t.test('a state comes back from its document as it was, in every digit and clock', async (t) => {
  fc.assert(
    fc.property(sentChanges({ records: 1 }), (changes) => {
      const log = new LogBuilder();
      for (const change of changes) log.change(change);
      const state = replay(log.entries.filter((entry): entry is StoredEvent => entry.kind === 'event').map((entry): DomainEvent => decodeDomainEvent(entry)), initialRecord);
      assert.deepStrictEqual(decodeState(encodeState(state)), { ...state, fields: new Map(state.fields) });
    }),
    { numRuns: 200 },
  );
  const exact = recordAfter([{ kind: 'create', record: 1, time: TIME, fields: EXACT }]).state;
  t.match(encodeState(exact), '{"exact":"1745500706683617281"}');
  t.equal(encodeState(decodeState(encodeState(exact))), encodeState(exact));
  t.throws(() => decodeState('{}'), TypeError);
  t.throws(() => decodeState('[]'), TypeError);
});

t.test('a composed record shows every digit that came in, in our names and in the source\'s own', async (t) => {
  const view = recordAfter([{ kind: 'create', record: 1, time: TIME, fields: [...EXACT, { path: 'Status__c', value: 'Active' }, { path: 'OwnerId', value: '005' }] }]);
  const own = composeRecord(view, () => DEFINITION);
  t.match(own.fields, '"AnnualRevenue":100.50');
  t.match(own.fields, '"Big__c":1745500706683617281');
  t.match(own.fields, '[1.10,{"deep":2.00},null]');
  t.match(own.fields, '"BillingAddress":{"Street":"Main St 1"}');
  t.equal(own.sourceFields, null, 'nothing is renamed');
  t.match(own, { status: 'Active', lifecycle: 'active', complete: true, version: 1, dirtySince: null, createdAt: '2025-06-05T10:00:00.000Z' });
  t.same(JSON.parse(own.externalReferences), [{ field: 'OwnerId', source: view.source, entity: 'User', external_id: '005', aggregate_type: 'client' }]);
  t.ok(own.search.split(' ').includes('main'));
  t.notOk(own.search.split(' ').includes('005'), 'ids of other records are no words of this one');

  const mapped = composeRecord(view, (_, entity) => (entity === 'Account' ? { ...DEFINITION, names: { AnnualRevenue: 'revenue', BillingAddress: 'address' } } : null));
  t.match(mapped.fields, '"revenue":100.50');
  t.match(mapped.fields, '"address":{"Street":"Main St 1"}');
  t.match(mapped.sourceFields, '"AnnualRevenue":100.50');
  t.match(JSON.parse(mapped.externalReferences), [{ aggregate_type: null }]);
});

t.test('a record whose entity is no longer mapped is still shown, under its own names', async (t) => {
  const row = composeRecord(recordAfter([{ kind: 'create', record: 1, time: TIME, fields: [{ path: 'Name', value: 'Acme' }] }]), () => null);
  t.match(row, { type: 'client', status: null, fields: '{"Name":"Acme"}', sourceFields: null });
});

t.test('created and updated are the earliest and the latest time that the source gives, whichever came first', async (t) => {
  const { createdAt, updatedAt } = recordAfter([
    { kind: 'update', record: 1, time: TIME, fields: [{ path: 'A', value: 1 }] },
    { kind: 'create', record: 1, time: TIME - 1000, fields: [{ path: 'B', value: 1 }] },
  ]);
  t.same([createdAt, updatedAt], ['2025-06-05T09:59:59.000Z', '2025-06-05T10:00:00.000Z']);
});

t.test('an event that does not follow the record\'s version is refused', async (t) => {
  const log = new LogBuilder();
  log.change({ kind: 'create', record: 1, time: TIME, fields: [{ path: 'A', value: 1 }] });
  const [entry] = log.entries;
  if (entry?.kind !== 'event') throw new Error('no event');
  const view = foldRecord(log);
  t.throws(() => applyToRecord(view, entry, decodeDomainEvent(entry)), RangeError);
  t.throws(() => applyToRecord(null, { ...entry, version: 2 }, decodeDomainEvent(entry)), RangeError);
});

t.test('a change shows what it carried, that which lost to later values included, nested and in every digit', async (t) => {
  const log = new LogBuilder();
  log.change({ kind: 'update', record: 1, time: TIME + 1000, fields: [{ path: 'Name', value: 'Later' }] });
  const id = log.change({ kind: 'create', record: 1, time: TIME, fields: [...EXACT, { path: 'Name', value: 'Earlier' }] });
  const entries = log.entries.filter((entry) => entry.kind === 'event' && entry.metadata.changeId === id);
  const view = entries.reduce<ReturnType<typeof applyToChange> | null>(applyToChange, null);
  if (view === null) throw new Error('no entry');
  t.match(view, { id, day: '2025-06-05', status: 'processed', outcome: 'applied', aggregateType: 'client', position: log.entries.at(-1)?.position });
  t.match(view.data, '"AnnualRevenue":100.50');
  t.match(view.data, '"Big__c":1745500706683617281');
  t.match(parseExact(view.data), { Name: 'Earlier', BillingAddress: { Street: 'Main St 1' } });
});

t.test('a later entry of a change takes the place of the former, but an event that follows the first keeps what was sent', async (t) => {
  const log = new LogBuilder();
  const parked = log.outcome('parked', undefined, { record: 1, fields: [{ path: 'Name', value: 'Acme' }] });
  log.outcome('discarded', parked);
  const views = log.entries.map((entry) => applyToChange(null, entry));
  t.match(views[0], { status: 'parked', outcome: 'parked', reason: 'unsupported_change', processedAt: null });
  const later = log.entries[1];
  if (later === undefined) throw new Error('no entry');
  t.same(applyToChange(views[0] ?? null, later), views[1]);
  t.match(views[1], { status: 'processed', outcome: 'discarded', position: 2 });

  const withdrawing = new LogBuilder();
  withdrawing.change({ kind: 'create', record: 1, time: TIME, fields: [{ path: 'Status__c', value: 'Active' }] });
  withdrawing.change({ kind: 'update', record: 1, time: TIME + 1, fields: [{ path: 'Status__c', value: 'Draft' }] });
  t.same(withdrawing.entries.map((entry) => entry.kind === 'event' && entry.type), ['Created', 'Updated', 'Withdrawn']);
  let view: ChangeView | null = null;
  for (const entry of withdrawing.entries.slice(1)) view = applyToChange(view, entry);
  t.match(view, { data: '{"Status__c":"Draft"}', position: 3, outcome: 'applied' });
});

t.test('of a quarantined body the change says when it came, and no more', async (t) => {
  const log = new LogBuilder();
  log.outcome('quarantined', '19700101-abc');
  const [entry] = log.entries;
  if (entry === undefined) throw new Error('no entry');
  const view = applyToChange(null, entry);
  t.match(view, { day: '1970-01-01', eventType: null, entity: '', externalId: null, data: '{}', outcome: 'quarantined', status: 'processed' });
  const metadata: Json = parseExact(view.metadata);
  t.match(metadata, { kind: 'unknown', clock: { commit_number: '0' } });
  t.throws(() => applyToChange(null, { ...entry, kind: 'outcome', changeId: 'nonsense' } as typeof entry), TypeError);
});
