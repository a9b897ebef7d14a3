import t from 'tap';
import { InMemoryEventStore, type CommitResult, type CommitUnit } from '@clientele/event-store';
import { ClientDomainService } from '@clientele/domain';
import type { StoredEvent, StoredOutcome } from '@clientele/contracts';
import { MovedLaneError } from '../src/errors/moved-lane-error.ts';
import { TooManyBugsError } from '../src/errors/too-many-bugs-error.ts';
import { STAGES } from '../src/pipeline/stage.ts';
import { change, quarantineBody, SOURCE } from './support/commands.ts';
import { outcomes, testPipeline, type TestPipelineOptions } from './support/pipeline.ts';

function setUp(options: TestPipelineOptions = {}) {
  const store = new ScriptedStore();
  store.fenceLane('commands.0', 1);
  return { store, ...testPipeline(store, options) };
}

/** The in-memory store, with results put in front of its own. */
class ScriptedStore extends InMemoryEventStore {
  readonly script: ((unit: CommitUnit) => CommitResult | null)[] = [];
  beforeCommit: (() => Promise<void>) | null = null;

  override async commit(units: readonly CommitUnit[]): Promise<readonly CommitResult[]> {
    await this.beforeCommit?.();
    const scripted = units[0] === undefined ? null : (this.script.shift()?.(units[0]) ?? null);
    return scripted === null ? await super.commit(units) : [scripted];
  }
}

async function events(store: InMemoryEventStore): Promise<StoredEvent[]> {
  return (await store.readAll(0, 1000)).filter((entry) => entry.kind === 'event');
}

async function outcomeEntries(store: InMemoryEventStore): Promise<StoredOutcome[]> {
  return (await store.readAll(0, 1000)).filter((entry) => entry.kind === 'outcome');
}

t.test('the stages have their names and order', async (t) => {
  t.same(STAGES, ['validate', 'map-identity', 'load', 'rules', 'decide', 'append']);
});

t.test('a change becomes an event, a mapping, a ledger row and a moved checkpoint', async (t) => {
  const { store, decide } = setUp();
  const created = change({ type: 'Created', data: { Name: 'Acme', AnnualRevenue: 12 } });
  t.same(outcomes(await decide([created])), ['applied']);

  const [event] = await events(store);
  t.match(event, {
    type: 'Created', streamType: 'client', version: 1, position: 1,
    data: { fields: { Name: 'Acme', AnnualRevenue: 12 }, floor: true, lifecycle: 'active' },
    metadata: {
      commandId: created.commandId, causationId: created.commandId, changeId: created.commandId, correlationId: created.correlationId,
      source: SOURCE, entity: 'Account', externalId: created.event.external_id, changeEventType: 'Created', receivedAt: created.receivedAt,
      clock: { commitNumber: created.event.metadata.clock.commit_number }, broadcast: true,
    },
  });
  t.match(event?.streamId, /^[0-9a-f]{8}-[0-9a-f]{4}-7/, 'our own id, a UUID of version 7');
  const row = { commandId: created.commandId, outcome: 'applied', aggregateId: event?.streamId, payload: null, source: SOURCE };
  t.match(store.ledger(), [{ row, repeats: 0 }]);
  const key = { source: SOURCE, entity: 'Account', externalId: created.event.external_id ?? '' };
  t.same([...(await store.load({ keys: [key], commandIds: [] })).mappings.values()], [event?.streamId]);
  t.match(await store.laneCheckpoint('commands.0'), { position: { incarnation: 'stream-1', sequence: 1 } });
  t.equal((await store.laneCheckpoint('commands.0'))?.publishers.get('publisher'), 2);
});

t.test('several changes of a record in a batch are one write, each decided on the one before', async (t) => {
  const { store, decide } = setUp();
  const writes: number[] = [];
  store.script.push((unit) => {
    writes.push(unit.writes.length);
    return null;
  });
  const batch = [
    change({ type: 'Created', data: { Name: 'A' } }),
    change({ data: { Name: 'B' }, changedFields: ['Name'] }),
    change({ data: { Name: 'C' }, changedFields: ['Name'] }),
    change({ externalId: '0015f00002J9RPgAAN', type: 'Created' }),
  ];
  t.same(outcomes(await decide(batch)), ['applied', 'applied', 'applied', 'applied']);
  t.same(writes, [2]);
  const [first] = await events(store);
  const stream = await store.readStream(first?.streamId ?? '');
  t.same(stream.map(({ version, type, metadata }) => [version, type, metadata.commandId]), [
    [1, 'Created', batch[0]?.commandId], [2, 'Updated', batch[1]?.commandId], [3, 'Updated', batch[2]?.commandId],
  ]);

  const next = change({ data: { Name: 'D' }, changedFields: ['Name'] });
  await decide([next]);
  t.equal((await store.readStream(first?.streamId ?? '')).length, 4, 'the state at hand is at the right version');
});

t.test('without the state at hand the stream is replayed', async (t) => {
  const { store, session, decide } = setUp();
  await decide([change({ type: 'Created', data: { Name: 'A' } })]);
  const [event] = await events(store);
  session.cache.evict(event?.streamId ?? '');
  const older = change({ at: Date.parse('2020-01-01'), data: { Name: 'older' }, changedFields: ['Name'] });
  t.same(outcomes(await decide([older])), ['superseded']);
  t.match(await outcomeEntries(store), [{ outcome: 'superseded', aggregateId: event?.streamId, event: { data: { Name: 'older' } } }]);
});

t.test('a repeat is counted and nothing else, in one batch and in later ones', async (t) => {
  const { store, decide } = setUp();
  const command = change({ type: 'Created' });
  t.same(outcomes(await decide([command, command, command])), ['applied']);
  t.same(outcomes(await decide([command, change({ type: 'Updated' })])), ['applied']);
  t.match(store.ledger(), [{ row: { commandId: command.commandId }, repeats: 3 }, { repeats: 0 }]);
  t.equal((await events(store)).length, 2);
});

t.test('every change has its outcome', async (t) => {
  const now = () => new Date('2025-05-01T00:00:00Z');
  const { store, decide } = setUp({ now });
  const mismatched = change({ type: 'Created' });
  const cases: [string, unknown, string][] = [
    ['not mapped', change({ entity: 'Task', aggregateType: null }), 'ignored unmapped_entity'],
    ['a gap', change({ kind: 'gap', sourceChangeType: 'GAP_UPDATE' }), 'applied'],
    ['a kind of change that nobody knows', change({ kind: 'unknown', sourceChangeType: 'SNAPSHOT' }), 'parked unknown_change_type'],
    ['a text diff without its text', change({ data: { Text__c: { diff: '--- \n+++ abc\n@@ -1 +1 @@' } }, changedFields: ['Text__c'] }), 'applied'],
    ['a bitmap that cannot be read', change({ changedFields: ['0x400000'] }), 'applied'],
    ['changes of records that are not named', change({ kind: 'entity_gap', externalId: null, sourceChangeType: 'GAP_OVERFLOW' }), 'parked source_not_readable'],
    ['a clock more than a day ahead', change({ at: Date.parse('2025-05-02T00:00:01Z') }), 'parked clock_ahead'],
    ['a clock less than a day ahead', change({ at: Date.parse('2025-05-02T00:00:00Z'), externalId: '0015f00002J9RPhAAN' }), 'applied'],
    ['understood and wrong', { ...mismatched, event: { ...mismatched.event, id: '20250101-other' } }, 'rejected validation'],
    ['a time before 1970', change({ at: -1000 }), 'rejected validation'],
    ['unreadable', { type: 'ProcessCrmEvent', schemaVersion: 1, commandId: '20250424-broken' }, 'quarantined unreadable_command'],
    ['a body that nobody understood', quarantineBody('<xml/>'), 'quarantined unintelligible'],
  ];
  t.same(outcomes(await decide(cases.map(([, command]) => command))), cases.map(([, , outcome]) => outcome));

  const ledger = store.ledger().map(({ row }) => row);
  t.equal(ledger.length, cases.length, 'one row each');
  for (const row of ledger) {
    const kept = row.outcome === 'parked' || row.outcome === 'quarantined';
    t.equal(row.payload !== null, kept, `${row.outcome}: the payload is ${kept ? '' : 'not '}kept`);
  }
  const withoutEvent = ledger.filter(({ outcome }) => outcome !== 'applied').map(({ commandId }) => commandId);
  t.same((await outcomeEntries(store)).map(({ changeId }) => changeId), withoutEvent, 'what left no event is an entry of the log');
  t.match(ledger.find(({ commandId }) => commandId === mismatched.commandId)?.errors, [{ path: 'event.id', code: 'id_mismatch' }]);
  const unknown = ledger.find(({ reason }) => reason === 'unknown_change_type');
  t.match(JSON.parse(unknown?.payload ?? ''), { type: 'ProcessCrmEvent', event: { metadata: { source_change_type: 'SNAPSHOT' } } });
});

t.test('a bug parks its change alone, and is told once', async (t) => {
  let poisoned = '';
  const domain: TestPipelineOptions['domain'] = {
    processCrmEvent(event, state, definition) {
      if (event.id === poisoned) throw new TypeError('cannot read properties of undefined');
      return ClientDomainService.processCrmEvent(event, state, definition);
    },
  };
  const { store, bugs, decide } = setUp({ domain });
  const [first, second, third] = [change({ type: 'Created' }), change(), change()];
  poisoned = second.commandId;
  store.script.push(() => ({ status: 'conflict', streamId: 'any', expected: 1, actual: 2 }));
  t.same(outcomes(await decide([first, second, third])), ['applied', 'parked bug', 'applied']);
  t.same(bugs.map(({ changeId }) => changeId), [poisoned], 'once, though it was decided twice');
  t.match(store.ledger().find(({ row }) => row.commandId === poisoned)?.row, {
    outcome: 'parked', errors: [{ code: 'bug', message: 'TypeError: cannot read properties of undefined' }], payload: /ProcessCrmEvent/,
  });
});

t.test('many bugs stop the lane before any is parked', async (t) => {
  const domain: TestPipelineOptions['domain'] = {
    processCrmEvent() {
      throw new TypeError('a bad deploy');
    },
  };
  const { store, decide } = setUp({ domain });
  await t.rejects(decide(Array.from({ length: 60 }, () => change())), TooManyBugsError);
  t.same(store.ledger(), []);
});

t.test('races', async (t) => {
  const conflict = ({ writes: [write] }: CommitUnit): CommitResult => (
    { status: 'conflict', streamId: write?.streamId ?? '', expected: 'none', actual: 1 }
  );

  t.test('a conflict is decided again on what is there', async (t) => {
    const { store, session, decide } = setUp();
    await decide([change({ type: 'Created', data: { Name: 'A' } })]);
    const [event] = await events(store);
    const stale = session.cache.get(event?.streamId ?? '');
    await decide([change({ data: { Name: 'B' }, changedFields: ['Name'] })]);
    if (stale !== undefined) session.cache.put(event?.streamId ?? '', stale);
    t.same(outcomes(await decide([change({ data: { Name: 'C' }, changedFields: ['Name'] })])), ['applied']);
    t.same((await events(store)).map(({ version }) => version), [1, 2, 3]);
  });

  t.test('what loses six times is parked, and the rest goes on', async (t) => {
    const { store, decide } = setUp();
    await decide([change({ type: 'Created' })]);
    for (let race = 0; race < 6; race += 1) store.script.push(conflict);
    const batch = await decide([change(), change({ externalId: '0015f00002J9RPgAAN', type: 'Created' })]);
    t.same(outcomes(batch), ['parked conflict', 'applied']);
    t.equal(store.script.length, 0, 'five decisions after the first');
  });

  t.test('five lost races are not too many', async (t) => {
    const { store, decide } = setUp();
    await decide([change({ type: 'Created' })]);
    for (let race = 0; race < 5; race += 1) store.script.push(conflict);
    t.same(outcomes(await decide([change()])), ['applied']);
  });

  t.test('two creators get one aggregate', async (t) => {
    const { store, decide } = setUp();
    const key = { source: SOURCE, entity: 'Account', externalId: change().event.external_id ?? '' };
    const owner = '01900000-0000-7000-8000-000000000001';
    // The rival commits after this one has looked, and before it commits.
    store.beforeCommit = async () => {
      store.beforeCommit = null;
      await store.commit([{ writes: [], outcomes: [], ledger: [], repeats: [], mappings: [{ ...key, aggregateId: owner, linkedBy: 'rival' }] }]);
    };
    t.same(outcomes(await decide([change({ type: 'Created' })])), ['applied']);
    t.same((await events(store)).map(({ streamId }) => streamId), [owner]);
  });

  t.test('whoever lost the lane commits nothing', async (t) => {
    const { store, decide } = setUp();
    store.fenceLane('commands.0', 2);
    await t.rejects(decide([change({ type: 'Created' })]), MovedLaneError);
    t.same(store.ledger(), []);
  });
});
