import t from 'tap';
import type { StoredEvent } from '@clientele/contracts';
import { InMemoryEventStore } from '@clientele/event-store';
import { change, RECORD, recordRead, SOURCE } from './support/commands.ts';
import { outcomes, testPipeline, type TestPipelineOptions } from './support/pipeline.ts';

const T = Date.parse('2025-04-24T10:00:00.000Z');
const READABLE = { readable: true, marginMs: 2000 };

function setUp(options: TestPipelineOptions = {}) {
  const store = new InMemoryEventStore();
  store.fenceLane('commands.0', 1);
  return { store, ...testPipeline(store, { now: () => new Date(T + 60_000), facts: READABLE, ...options }) };
}

async function told(store: InMemoryEventStore): Promise<string[]> {
  return (await stored(store)).map(({ type, metadata }) => `${type} ${metadata.broadcast ? 'public' : metadata.broadcastReason}`);
}

async function stored(store: InMemoryEventStore): Promise<StoredEvent[]> {
  return (await store.readAll(0, 1000)).filter((entry) => entry.kind === 'event');
}

t.test('a gap makes its record doubtful and asks for a read, which answers', async (t) => {
  const { store, decide } = setUp();
  t.same(outcomes(await decide([
    change({ type: 'Created', data: { Name: 'Acme' }, at: T }),
    change({ kind: 'gap', sourceChangeType: 'GAP_UPDATE', at: T + 10_000 }),
  ])), ['applied', 'applied']);
  t.same(await told(store), ['Created public', 'MarkedDirty dirty']);
  t.match(store.reads(), [{ source: SOURCE, entity: 'Account', externalId: RECORD, provider: 'salesforce', reason: 'gap', since: /^0*1745488810000\./ }]);

  t.same(outcomes(await decide([change({ data: { Phone: '1' }, changedFields: ['Phone'], at: T + 11_000 })])), ['applied']);
  t.equal((await told(store)).at(-1), 'Updated dirty', 'what others would be told waits for the read');

  t.same(outcomes(await decide([recordRead({ at: T + 12_000, data: { Name: 'early', Phone: '1' } })])), ['applied']);
  t.equal(store.reads().length, 1, 'a look within M of the gap does not answer');
  const look = recordRead({ at: T + 20_000, data: { Name: 'Acme & Co', Phone: null } });
  t.same(outcomes(await decide([look])), ['applied']);
  t.same(store.reads(), []);
  t.same((await told(store)).slice(-2), ['Updated public', 'Cleaned nothing_withheld']);
  const [updated] = (await stored(store)).filter(({ metadata }) => metadata.commandId === look.commandId);
  t.match(updated, {
    metadata: { change: { kind: 'read', source_change_type: 'read: gap' }, changeEventType: null, clock: { commitTime: T + 20_000 } },
    data: { fields: { Name: 'Acme & Co' }, read: { from: T + 18_000, until: T + 22_999, result: 'found' } },
  });
});

t.test('an update without its create asks with a grace, and a create in the same unit spares the read', async (t) => {
  const { store, decide } = setUp();
  await decide([change({ data: { Name: 'B' }, changedFields: ['Name'], at: T + 5000 }), change({ type: 'Created', data: { Name: 'A' }, at: T })]);
  t.same(store.reads(), []);
  const other = '0015f00002J9RPgAAN';
  await decide([change({ externalId: other, data: { Name: 'B' }, changedFields: ['Name'], at: T + 5000 })]);
  t.match(store.reads(), [{ externalId: other, reason: 'missing_create' }]);
  t.equal(store.reads()[0]?.notBefore.getTime(), T + 62_000, 'two seconds from now');
  const late = '0015f00002J9RPhAAN';
  await decide([change({ externalId: late, data: { Name: 'B' }, changedFields: ['Name'], at: T + 59_500 })]);
  t.equal(store.reads()[1]?.notBefore.getTime(), T + 59_500 + 2000 + 1000 + 2000, 'and not before a look can answer');
});

t.test('a merge is looked up without making anything doubtful', async (t) => {
  const { store, decide } = setUp();
  await decide([change({ type: 'Created', at: T }), change({ type: 'Deleted', data: {}, at: T + 5000 })]);
  t.same(await told(store), ['Created public', 'Deleted public', 'Withdrawn public']);
  t.match(store.reads(), [{ reason: 'survivor' }]);
  await decide([change({ data: { Name: 'older' }, changedFields: ['Name'], at: T + 1000 })]);
  t.match(store.reads(), [{ reason: 'survivor' }]);
  t.same(outcomes(await decide([recordRead({ at: T + 30_000, result: 'deleted', survivor_id: '0015f00002J9RPgAAN', cause: 'survivor' })])), ['applied']);
  t.match((await stored(store)).at(-1), { type: 'Merged', data: { survivor: { entity: 'Account', externalId: '0015f00002J9RPgAAN' } } });
  t.same(store.reads(), []);
});

t.test('a source without credentials withholds nothing and asks for nothing', async (t) => {
  const { store, decide } = setUp({ facts: {} });
  await decide([change({ data: { Name: 'B' }, changedFields: ['Name'], at: T }), change({ kind: 'gap', sourceChangeType: 'GAP_UPDATE', at: T + 1000 })]);
  t.equal((await told(store))[0], 'Updated public');
  t.match((await stored(store))[0]?.data, { state: { complete: false } });
  t.same(store.reads(), []);
});

t.test('our own changes are told apart, and kept from others where so configured', async (t) => {
  const own = { client: 'Clientele' };
  const origin = 'com/salesforce/api/rest/60.0;client=Clientele/';
  for (const broadcastOwn of [true, false]) {
    const { store, decide } = setUp({ facts: { ...READABLE, own, broadcastOwn } });
    await decide([change({ type: 'Created', at: T }), change({ data: { Name: 'ours' }, changedFields: ['Name'], at: T + 1000, origin })]);
    const [created, updated] = await stored(store);
    t.equal(created?.metadata.origin, undefined);
    t.match(updated?.metadata, { origin: 'own', broadcast: broadcastOwn, broadcastReason: broadcastOwn ? 'status_unknown' : 'own_change' });
  }
});

t.test('changes of records that nobody names begin a repair of their entity, once', async (t) => {
  const { store, decide } = setUp();
  const overflow = change({ kind: 'entity_gap', externalId: null, sourceChangeType: 'GAP_OVERFLOW', at: T });
  t.same(outcomes(await decide([overflow])), ['superseded repair_planned']);
  const [entry] = await store.readAll(0, 10);
  t.match(entry, { kind: 'outcome', changeId: overflow.commandId, outcome: 'superseded', reason: 'repair_planned' }, 'whoever sent it can see what became of it');
  t.match(store.plans(), [{ kind: 'repair', source: SOURCE, entity: 'Account', cause: overflow.commandId }]);
});

t.test('a look has its outcome like every command, and answers whatever it is', async (t) => {
  const { store, decide } = setUp();
  const gap = change({ kind: 'gap', sourceChangeType: 'GAP_UPDATE', at: T });
  await decide([gap]);
  const look = recordRead({ at: T + 10_000 });
  const cases: [unknown, string][] = [
    [look, 'applied'],
    [recordRead({ at: T + 9_000 }), 'superseded'],
    [recordRead({ at: T + 10_000, entity: 'Task' }), 'ignored unmapped_entity'],
    [recordRead({ at: T + 10_000, survivor_id: '0015f00002J9RPgAAN' }), 'rejected validation'],
    [recordRead({ at: T + 60_000 + 86_400_001 }), 'parked clock_ahead'],
    [{ ...recordRead({ at: T }), read: { from: 'yesterday', until: 'now', number: 1 } }, 'quarantined unreadable_command'],
  ];
  t.same(outcomes(await decide(cases.map(([command]) => command))), cases.map(([, outcome]) => outcome));
  t.equal(store.ledger().length, cases.length + 1);
  t.same(outcomes(await decide([look])), [], 'a look that comes again is counted');
  const entry = (await store.readAll(0, 100)).find((one) => one.kind === 'outcome' && one.outcome === 'superseded');
  t.match(entry, { event: { metadata: { kind: 'read' }, external_id: RECORD } });
  t.same(store.reads(), []);
});
