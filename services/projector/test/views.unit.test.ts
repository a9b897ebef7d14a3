import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  decodeDomainEvent, decodeRecord, exactNumber, logEntryFromRow, parseExact, parseWritten, RECORD_SCHEMA_VERSION, type EventLogRow,
} from '@clientele/contracts';
import { clockTime, conversionOf, dirtySince, initialRecord, sourceFields, survivorOf, type Json } from '@clientele/domain';
import { createLogger, createMetrics } from '@clientele/service-kit';
import fc from 'fast-check';
import t from 'tap';
import { applyToChange, changeIdOf, type ChangeView } from '../src/changes/change-view.ts';
import { composeRecord } from '../src/records/compose-record.ts';
import { applyToRecord, noteSuperseded, type RecordView } from '../src/records/record-view.ts';
import { RECORDS_VERSION } from '../src/records/records-projection.ts';
import { observeProjections } from '../src/status/observer.ts';
import { DEFINITION, LogBuilder, READABLE, type SentChange } from './support/log-builder.ts';
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
  for (const entry of log.entries) {
    if (entry.kind === 'event') view = applyToRecord(view, entry, decodeDomainEvent(entry));
    else if (view !== null && entry.outcome === 'superseded') view = noteSuperseded(view, entry);
  }
  if (view === null) throw new Error('no event');
  return view;
}

t.test('whatever is sent, the row shows what the domain makes of it, and keeps its state whole', async (t) => {
  const seen = { reads: 0, gaps: 0, diffs: 0, dirty: 0, survivors: 0, conversions: 0 };
  fc.assert(
    fc.property(sentChanges({ records: 1 }), fc.boolean(), (sent, readable) => {
      const log = readable ? new LogBuilder(DEFINITION, READABLE) : new LogBuilder();
      for (const one of sent) log.send(one);
      const truth = log.states.get(LogBuilder.aggregateId(1)) ?? initialRecord;
      if (truth.version === 0) return;
      const row = composeRecord(foldRecord(log), () => DEFINITION);
      assert.deepStrictEqual(decodeRecord(parseWritten(row.state)), truth);
      const doubt = dirtySince(truth);
      const survivor = survivorOf(truth);
      const became = conversionOf(truth, DEFINITION) ?? [];
      assert.deepStrictEqual(
        [row.lifecycle, row.complete, row.dirtySince, row.survivorEntity, row.survivorExternalId, row.sourceFields],
        [truth.lifecycle, truth.complete, doubt === null ? null : clockTime(doubt), survivor?.entity ?? null, survivor?.externalId ?? null, null],
      );
      assert.deepStrictEqual(parseExact(row.fields), sourceFields(truth));
      assert.equal(row.conversionKeys?.split('\n').length ?? 0, became.length);
      seen.reads += truth.read === null ? 0 : 1;
      seen.gaps += truth.gaps.length;
      seen.diffs += truth.diffs.length;
      seen.dirty += doubt === null ? 0 : 1;
      seen.survivors += survivor === null ? 0 : 1;
      seen.conversions += became.length;
    }),
    { numRuns: 400 },
  );
  for (const [what, times] of Object.entries(seen)) t.ok(times > 5, `${what}: ${times}`);
  t.equal(RECORDS_VERSION, RECORD_SCHEMA_VERSION, 'a view holds states of one form: with another one its tables rise as well');
});

/** Rows of the log as this and earlier code wrote them. */
function goldenEntries(file: string) {
  return readFileSync(new URL(`../../../../libs/contracts/test/golden/${file}`, import.meta.url), 'utf8').trim().split('\n')
    .map((line) => logEntryFromRow((JSON.parse(line) as { row: EventLogRow }).row));
}

t.test('events of every kind that was ever stored are projected', async (t) => {
  const rows = ['log-0001.jsonl', 'log-0002.jsonl'].map((file) => {
    let view: RecordView | null = null;
    for (const entry of goldenEntries(file)) {
      t.ok(applyToChange(null, entry).id);
      if (entry.kind === 'event' && entry.streamId.endsWith('ab')) view = applyToRecord(view, entry, decodeDomainEvent(entry));
    }
    if (view === null) throw new Error('no record');
    return composeRecord(view, () => DEFINITION);
  });
  t.match(rows[0], { version: 6, lifecycle: 'active', complete: true, dirtySince: null, fields: '{"Name":"Acme GmbH"}', survivorExternalId: null });
  t.match(rows[1], {
    version: 7, lifecycle: 'deleted', complete: true, dirtySince: null, survivorEntity: 'Account', survivorExternalId: '0015f00002HhZZZAAV',
    fields: '{"AnnualRevenue":1000000.50,"Name":"Acme AG","Phone":null}',
  });
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

t.test('when a record changed does not depend on the order in which its changes come', async (t) => {
  fc.assert(
    fc.property(sentChanges({ records: 1, maxLength: 12 }), (sent) => {
      // No provider makes an update that says nothing: it is a gap.
      const changes = sent.flatMap((one) => (one.kind === 'read' || (one.kind === 'update' && one.fields?.length === 0) ? [] : [{ ...one, diffs: [] }]));
      if (changes.length === 0) return;
      const times = changes.map(({ time }) => new Date(time).toISOString()).sort();
      const { createdAt, updatedAt } = recordAfter(changes);
      assert.deepStrictEqual([createdAt, updatedAt], [times[0], times.at(-1)]);
    }),
    { numRuns: 500 },
  );
  t.match(recordAfter([{ kind: 'undelete', record: 1, time: TIME }, { kind: 'create', record: 1, time: TIME - 1000 }]), { createdAt: '2025-06-05T09:59:59.000Z' });
});

t.test('a look tells when a record changed only where it found something new; doubt and its end are no changes', async (t) => {
  const log = new LogBuilder(DEFINITION, READABLE);
  const after = (): string[] => {
    const { createdAt, updatedAt } = foldRecord(log);
    return [createdAt.slice(11, 19), updatedAt.slice(11, 19)];
  };
  log.change({ kind: 'create', record: 1, time: TIME, fields: [{ path: 'A', value: 1 }] });
  log.read({ kind: 'read', record: 1, time: TIME + 60_000, fields: [{ path: 'A', value: 1 }] });
  t.same(after(), ['10:00:00', '10:00:00'], 'seen as it was known');
  log.change({ kind: 'gap_update', record: 1, time: TIME + 120_000 });
  t.same(after(), ['10:00:00', '10:02:00'], 'a gap says that it changed, if not how');
  log.read({ kind: 'read', record: 1, time: TIME + 180_000, fields: [{ path: 'A', value: 1 }] });
  t.match(log.entries.at(-1), { type: 'Cleaned' });
  t.same(after(), ['10:00:00', '10:02:00']);
  log.read({ kind: 'read', record: 1, time: TIME + 240_000, fields: [{ path: 'A', value: 2 }] });
  t.same(after(), ['10:00:00', '10:04:00'], 'changed by then');
});

t.test('what a record was merged into and what it became are told in the source\'s words', async (t) => {
  const log = new LogBuilder(DEFINITION, READABLE);
  log.change({ kind: 'create', record: 1, time: TIME, fields: [{ path: 'IsConverted', value: true }, { path: 'ParentId', value: '001X' }, { path: 'OwnerId', value: null }] });
  const definition = { ...DEFINITION, names: { ParentId: 'parent' } };
  const lead = composeRecord(foldRecord(log), (_, entity) => (entity === 'Account' ? definition : null));
  const { source } = foldRecord(log);
  t.same(JSON.parse(lead.convertedInto ?? ''), [{ field: 'parent', source, entity: 'Account', external_id: '001X', aggregate_type: 'client' }]);
  t.equal(lead.conversionKeys, `${source}\tAccount\t001X`);
  log.change({ kind: 'delete', record: 1, time: TIME + 1000 });
  log.read({ kind: 'read', record: 1, time: TIME + 60_000, result: 'deleted', survivor: 2 });
  t.match(composeRecord(foldRecord(log), () => DEFINITION), { lifecycle: 'deleted', survivorEntity: 'Account', survivorExternalId: LogBuilder.externalId(2) });
  log.change({ kind: 'undelete', record: 1, time: TIME + 120_000, fields: [{ path: 'Name', value: 'back' }] });
  t.match(composeRecord(foldRecord(log), () => DEFINITION), { lifecycle: 'active', survivorEntity: null, survivorExternalId: null, convertedInto: null, conversionKeys: null });
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

t.test('a change that is taken up again and again shows its last turn; how it ends is what counts', async (t) => {
  const log = new LogBuilder(DEFINITION, READABLE);
  const sent: SentChange = { kind: 'create', record: 1, time: TIME, fields: [{ path: 'Name', value: 'Acme' }] };
  const id = log.change(sent);
  const applied = log.entries;
  const turns = new LogBuilder();
  for (const outcome of ['parked', 'parked', 'rejected'] as const) turns.outcome(outcome, id, sent);
  const [parked, again, rejected] = turns.entries;
  if (parked === undefined || again?.kind !== 'outcome' || rejected === undefined) throw new Error('no entries');
  const errors = [{ path: 'data.Name', code: 'bad', message: 'is bad' }];
  const second = applyToChange(applyToChange(null, parked), { ...again, reason: 'later', errors });
  t.match(second, { id, status: 'parked', outcome: 'parked', reason: 'later', errors: JSON.stringify(errors), processedAt: null });
  t.match(applyToChange(second, rejected), { status: 'processed', outcome: 'rejected', errors: '[]' });
  const redriven = applied.reduce<ChangeView | null>(applyToChange, second);
  t.match(redriven, { id, status: 'processed', outcome: 'applied', reason: null, errors: '[]', data: '{"Name":"Acme"}', aggregateId: LogBuilder.aggregateId(1) });
});

t.test('a read is asked after like a change, and is told from one', async (t) => {
  const log = new LogBuilder(DEFINITION, READABLE);
  const change = log.change({ kind: 'update', record: 1, time: TIME, fields: [{ path: 'Name', value: 'Acme' }], diffs: [{ path: 'Description', patch: 'x>y' }] });
  const read = log.read({ kind: 'read', record: 1, time: TIME + 60_000, fields: [{ path: 'Name', value: 'Acme' }, { path: 'Description', value: 'y' }] });
  const same = log.read({ kind: 'read', record: 1, time: TIME - 60_000, fields: [{ path: 'Name', value: 'Old' }] });
  const viewOf = (id: string) => log.entries.filter((entry) => changeIdOf(entry) === id).reduce<ChangeView | null>(applyToChange, null);
  t.match(viewOf(change), { eventType: 'Updated', outcome: 'applied', data: '{"Name":"Acme","Description":{"diff":"x>y"}}' });
  t.match(viewOf(read), { eventType: null, outcome: 'applied', data: '{"Name":"Acme","Description":"y"}', metadata: /"kind":"read"/ });
  t.match(viewOf(same), { outcome: 'superseded', data: '{"Name":"Old"}' });
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

t.test('a view whose place nobody knows has no lag, rather than the one of before', async (t) => {
  const metrics = createMetrics('projector');
  const observer = observeProjections(metrics, createLogger('projector', { LOG_LEVEL: 'silent' }));
  const lag = async (): Promise<number> => (await metrics.registry.metrics()).split('\n').filter((line) => /^clientele_projection_(lag|parked)\w*\{/.test(line)).length;
  observer.stood({ name: 'records', version: 2, incarnation: null, movedAt: new Date(TIME), state: 'current', position: 5, head: 5, lagEvents: 0, lagSeconds: 0, parked: 0, waiting: 0, served: null });
  t.equal(await lag(), 3);
  observer.unknown('records');
  t.equal(await lag(), 0);
});
