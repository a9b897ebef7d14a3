import { ConcurrencyError, decodeDomainEvent, exactNumber, type ExpectedVersion } from '@clientele/contracts';
import { replay } from '@clientele/domain';
import type { Test } from 'tap';
import type { EventStore, LaneStore, NewEvent, RecordStore } from '../../src/event-store.ts';
import { keyText } from '../../src/event-store.ts';
import { requestsContract, type KeptRequests } from './requests-contract.ts';
import { changeId, event, events, ledgerRow, mapping, metadata, outcome, SOURCE, step, streamId, unit, write } from './units.ts';

export interface StoreUnderTest {
  readonly store: EventStore & RecordStore & LaneStore;
  readonly fenceLane: (lane: string, epoch: number) => Promise<void> | void;
  /** What else is kept, to look at. */
  readonly kept: () => Promise<KeptRequests> | KeptRequests;
}

const RACERS = 20;

/** What every EventStore keeps. `open` gives an empty one. */
export function eventStoreContract(t: Test, open: (t: Test) => Promise<StoreUnderTest>): void {
  t.test('what is appended is read as it was, versions and positions dense', async (t) => {
    const { store } = await open(t);
    const [first, second] = [streamId(), streamId()];
    const results = await store.append([write(first, 'none', { events: events(3) }), write(second, 'any', { events: events(2) })]);
    t.match(results, [
      { streamId: first, firstPosition: 1, lastPosition: 3, version: 3, repeated: false },
      { streamId: second, firstPosition: 4, lastPosition: 5, version: 2, repeated: false },
    ]);
    await store.append([write(first, 3, { events: [event({ type: 'Deleted' })] })]);
    const stream = await store.readStream(first);
    t.same(stream.map(({ version, position, type }) => [version, position, type]), [
      [1, 1, 'Updated'], [2, 2, 'Updated'], [3, 3, 'Updated'], [4, 6, 'Deleted'],
    ]);
    const log = await store.readAll(0, 100);
    t.same(log.map(({ position }) => position), [1, 2, 3, 4, 5, 6]);
    t.strictSame(log.filter((entry) => entry.kind === 'event' && entry.streamId === first), stream);
    t.strictSame(await store.readAll(2, 2), log.slice(2, 4));
    t.equal((await store.head()).position, 6);
    t.equal(new Set(log.map(({ id }) => id)).size, 6);
  });

  t.test('an event comes back whole: personal part joined, every digit, every character', async (t) => {
    const { store } = await open(t);
    const id = streamId();
    const fields = { Name: 'Acme \u0000 ünï', AnnualRevenue: exactNumber('100.50'), 'a\\.b': [1, 'a'] };
    const written = event({ data: { ...event().data, fields }, metadata: metadata('20250424-y'), personal: { fields: { Phone: '+49 30 1' } } });
    await store.append([write(id, 'none', { events: [written] })]);
    const [stored] = await store.readStream(id);
    t.match(stored, { kind: 'event', streamId: id, streamType: 'client', schemaVersion: 1, occurredAt: '2025-04-24T12:00:00.123Z' });
    t.strictSame(stored?.metadata, metadata('20250424-y'));
    t.strictSame(stored?.data, { ...written.data, fields: { ...fields, Phone: '+49 30 1' } });
    t.match(stored?.recordedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  t.test('a stream is read after a version, to a version, to a time', async (t) => {
    const { store } = await open(t);
    const id = streamId();
    for (const version of [0, 1, 2]) await store.append([write(id, version === 0 ? 'none' : version)]);
    const all = await store.readStream(id);
    const versions = async (options: Parameters<EventStore['readStream']>[1]): Promise<number[]> =>
      (await store.readStream(id, options)).map(({ version }) => version);
    t.same(await versions({ afterVersion: 1 }), [2, 3]);
    t.same(await versions({ afterVersion: 3 }), []);
    t.same(await versions({ toVersion: 2 }), [1, 2]);
    t.same(await versions({ afterVersion: 1, toVersion: 2 }), [2]);
    t.same(await versions({ until: new Date(Date.parse(all.at(-1)?.recordedAt ?? '') + 1000) }), [1, 2, 3]);
    t.same(await versions({ until: new Date(Date.parse(all[0]?.recordedAt ?? '') - 1000) }), []);
    t.same(await store.readStream(streamId()), []);
  });

  t.test('many streams are read at once, those without news are absent', async (t) => {
    const { store } = await open(t);
    const ids = [streamId(), streamId(), streamId()] as const;
    await store.append(ids.map((id) => write(id, 'none', { events: events(3) })));
    const found = await store.readStreams([
      { streamId: ids[0], afterVersion: 1 }, { streamId: ids[1], afterVersion: 3 }, { streamId: ids[2], afterVersion: 0 },
      { streamId: streamId(), afterVersion: 0 },
    ]);
    t.same([...found].map(([id, stream]) => [id, stream.map(({ version }) => version)]), [[ids[0], [2, 3]], [ids[2], [1, 2, 3]]]);
    t.equal((await store.readStreams([])).size, 0);
  });

  t.test('records are what their events make', async (t) => {
    const { store } = await open(t);
    const [first, second] = [streamId(), streamId()];
    const renamed = (name: string): NewEvent => {
      const fields = { Name: name, AnnualRevenue: exactNumber('100.50') };
      const { clock } = metadata(changeId());
      return event({ data: { ...event().data, fields }, metadata: { ...metadata(clock.changeId), clock } });
    };
    await store.append([write(first, 'none', { events: [renamed('A'), renamed('B')] }), write(second, 'none')]);
    const records = await store.readRecords([first, streamId(), second]);
    t.same([...records.keys()], [first, second]);
    t.strictSame(records.get(first), replay((await store.readStream(first)).map(decodeDomainEvent)));
    t.match(records.get(first)?.fields.get('Name'), { value: 'B' });
    t.equal(records.get(first)?.version, 2);
  });

  t.test('an expectation that does not hold is refused with the version that is, and nothing is stored', async (t) => {
    const { store } = await open(t);
    const [known, other] = [streamId(), streamId()];
    await store.append([write(known, 'none', { events: events(2) })]);
    const refused = async (id: string, expected: ExpectedVersion, actual: number): Promise<void> => {
      const both = [write(other, 'any'), write(id, expected)];
      await t.rejects(store.append(both), new ConcurrencyError(id, expected, actual));
    };
    await refused(known, 'none', 2);
    await refused(known, 1, 2);
    await refused(known, 3, 2);
    await refused(streamId(), 'exists', 0);
    await refused(streamId(), 1, 0);
    t.equal((await store.head()).position, 2);
    t.same(await store.readStream(other), []);
    const ok = await store.append([write(known, 'exists'), write(other, 'any')]);
    t.same(ok.map(({ version, lastPosition }) => [version, lastPosition]), [[3, 3], [1, 4]]);
  });

  for (const [expected, winners] of [[3, 1], ['none', 1], ['exists', RACERS], ['any', RACERS]] as const) {
    t.test(`${RACERS} racers that expect ${expected}: ${winners} get their way`, async (t) => {
      const { store } = await open(t);
      const id = streamId();
      const before = expected === 'none' ? 0 : 3;
      if (before > 0) await store.append([write(id, 'none', { events: events(before) })]);
      const racing = await Promise.allSettled(Array.from({ length: RACERS }, () => store.append([write(id, expected)])));
      const won = racing.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
      const lost = racing.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      t.equal(won.length, winners);
      for (const error of lost) t.match(error, { name: 'ConcurrencyError', streamId: id, expected, actual: before + 1 });
      const log = await store.readAll(0, 100);
      t.same(log.map(({ position }) => position), Array.from({ length: before + winners }, (_, n) => n + 1), 'positions are dense');
      t.same((await store.readStream(id)).map(({ version }) => version), log.map(({ position }) => position), 'versions are dense');
    });
  }

  t.test('a repeat of a command gets the first positions and stores nothing', async (t) => {
    const { store } = await open(t);
    const writes = [write(streamId(), 'none', { events: events(2) }), write(streamId(), 'none')];
    const first = await store.append(writes);
    await store.append([write(writes[0]?.streamId ?? '', 'any')]);
    const repeated = first.map((result) => ({ ...result, repeated: true }));
    t.strictSame(await store.append(writes), repeated);
    t.strictSame(await Promise.all([store.append(writes), store.append(writes)]), [repeated, repeated]);
    t.equal((await store.head()).position, 4);
  });

  t.test('a unit that is partly a repeat stores the rest', async (t) => {
    const { store } = await open(t);
    const [old, fresh] = [write(streamId(), 'none'), write(streamId(), 'none')];
    await store.append([old]);
    t.match(await store.append([old, fresh]), [
      { firstPosition: 1, version: 1, repeated: true }, { firstPosition: 2, lastPosition: 2, version: 1, repeated: false },
    ]);
  });

  t.test('a unit stands whole: events, outcomes, mappings, ledger', async (t) => {
    const { store } = await open(t);
    const [id, other] = [streamId(), streamId()];
    const [applied, ignored] = [changeId(), changeId()];
    const [result] = await store.commit([unit({
      writes: [write(id, 'none', { commandId: applied })], outcomes: [outcome(ignored)], mappings: [mapping('A', id)],
      ledger: [ledgerRow(applied, { aggregateId: id }), ledgerRow(ignored, { outcome: 'ignored' })],
    })]);
    t.match(result, { status: 'committed', writes: [{ streamId: id, firstPosition: 1, version: 1 }] });
    const key = { source: SOURCE, entity: 'Account', externalId: 'A' };
    const unknown = { ...key, externalId: 'B' };
    t.strictSame(await store.load({ keys: [unknown, key], commandIds: [applied, changeId(), ignored] }), {
      mappings: new Map([[keyText(key), id]]), known: new Set([applied, ignored]), parked: new Map(),
    });
    t.strictSame(await store.load({ keys: [], commandIds: [] }), { mappings: new Map(), known: new Set(), parked: new Map() });
    const { event: taken, ...told } = outcome(ignored);
    t.match((await store.readAll(1, 10))[0], { kind: 'outcome', position: 2, ...told, event: taken });

    const misled = await store.commit([unit({
      writes: [write(other, 'none')], mappings: [mapping('C', other), mapping('A', other)], ledger: [ledgerRow(changeId())],
    })]);
    t.strictSame(misled, [{ status: 'mapping_conflict', key, aggregateId: id }]);
    t.match(await store.commit([unit({ mappings: [mapping('A', id)] })]), [{ status: 'committed' }], 'the same mapping again is none');
    t.equal((await store.head()).position, 2);
    t.equal((await store.load({ keys: [{ ...key, externalId: 'C' }], commandIds: [] })).mappings.size, 0);
  });

  t.test('in a group each unit drops alone', async (t) => {
    const { store, fenceLane } = await open(t);
    for (const lane of ['commands.0', 'commands.1', 'commands.2']) await fenceLane(lane, 7);
    const taken = streamId();
    await store.append([write(taken, 'none')]);
    const ids = [changeId(), changeId(), changeId(), changeId()] as const;
    const results = await store.commit([
      unit({ writes: [write(streamId(), 'none')], ledger: [ledgerRow(ids[0])], lane: step('commands.0', 7, null) }),
      unit({ writes: [write(streamId(), 'none'), write(taken, 'none')], ledger: [ledgerRow(ids[1])], lane: step('commands.1', 7, null) }),
      unit({ writes: [write(streamId(), 'none')], ledger: [ledgerRow(ids[2])], outcomes: [outcome(ids[2])], lane: step('commands.2', 6, null) }),
      unit({ writes: [write(streamId(), 'none', { events: events(2) })], ledger: [ledgerRow(ids[3])] }),
    ]);
    t.match(results, [
      { status: 'committed', writes: [{ firstPosition: 2 }] },
      { status: 'conflict', streamId: taken, expected: 'none', actual: 1 },
      { status: 'stale_lane', lane: 'commands.2' },
      { status: 'committed', writes: [{ firstPosition: 3, lastPosition: 4 }] },
    ]);
    t.strictSame((await store.load({ keys: [], commandIds: ids })).known, new Set([ids[0], ids[3]]));
    t.same((await store.readAll(0, 10)).map(({ position }) => position), [1, 2, 3, 4]);
    t.match(await store.laneCheckpoint('commands.0'), { epoch: 7, position: { sequence: 1 } });
    t.match(await store.laneCheckpoint('commands.1'), { epoch: 7, position: null });
    t.match(await store.laneCheckpoint('commands.2'), { epoch: 7, position: null });
  });

  t.test('a lane moves by its owner alone, from where it stands', async (t) => {
    const { store, fenceLane } = await open(t);
    const commit = async (lane: ReturnType<typeof step>): Promise<string | undefined> => (await store.commit([unit({ lane })]))[0]?.status;
    t.equal(await store.laneCheckpoint('commands.0'), null);
    t.equal(await commit(step('commands.0', 0, null)), 'stale_lane', 'a lane that has no owner');
    await fenceLane('commands.0', 1);
    t.equal(await commit(step('commands.0', 1, null)), 'committed');
    t.strictSame(await store.laneCheckpoint('commands.0'), {
      epoch: 1, position: { incarnation: '2025-04-24T00:00:00Z', sequence: 1 }, publishers: new Map([['p', 2]]),
    });
    t.equal(await commit(step('commands.0', 1, 5)), 'stale_lane', 'a place where it does not stand');
    await fenceLane('commands.0', 2);
    t.equal(await commit(step('commands.0', 1, 1)), 'stale_lane', 'an owner that was');
    t.equal(await commit(step('commands.0', 2, 1)), 'committed');
    const elsewhere = { ...step('commands.0', 2, 2), from: { incarnation: '2025-05-01T00:00:00Z', sequence: 2 } };
    t.equal(await commit(elsewhere), 'stale_lane', 'the same place in another incarnation of the stream');
    const reborn = { ...step('commands.0', 2, 2), to: { incarnation: '2025-05-01T00:00:00Z', sequence: 1 } };
    t.equal(await commit(reborn), 'committed', 'another incarnation of the stream');
    t.match(await store.laneCheckpoint('commands.0'), { epoch: 2, position: { incarnation: '2025-05-01T00:00:00Z', sequence: 1 } });
    await t.rejects((async () => await fenceLane('commands.0', 1))(), /newer owner/);
  });

  t.test('a lane batch that is sent again after it was stored is not stored twice', async (t) => {
    const { store, fenceLane } = await open(t);
    await fenceLane('commands.0', 1);
    const id = changeId();
    const batch = unit({ writes: [write(streamId(), 'none', { commandId: id })], ledger: [ledgerRow(id)], lane: step('commands.0', 1, null) });
    const [first] = await store.commit([batch]);
    const [again] = await store.commit([batch]);
    t.match(first, { status: 'committed', writes: [{ firstPosition: 1, repeated: false }] });
    t.match(again, { status: 'committed', writes: [{ firstPosition: 1, repeated: true }] });
    const differently = unit({ ...batch, writes: [write(streamId(), 'none')] });
    t.match(await store.commit([differently]), [{ status: 'stale_lane' }], 'the same step with other work was not stored');
    t.equal((await store.head()).position, 1);
  });

  t.test('a second row of a command is a bug, and drops its own unit alone', async (t) => {
    const { store } = await open(t);
    const id = changeId();
    await store.commit([unit({ ledger: [ledgerRow(id)] })]);
    const good = changeId();
    const [bad, fine] = await Promise.allSettled([
      store.commit([unit({ ledger: [ledgerRow(id)], writes: [write(streamId(), 'none')] })]),
      store.commit([unit({ ledger: [ledgerRow(good)], writes: [write(streamId(), 'none')] })]),
    ]);
    t.equal(bad.status, 'rejected');
    t.match(fine, { status: 'fulfilled', value: [{ status: 'committed' }] });
    t.equal((await store.head()).position, 1);
  });

  t.test('what no store can hold is refused before it is tried', async (t) => {
    const { store } = await open(t);
    await t.rejects(store.append([write('not a uuid', 'any')]), RangeError);
    await t.rejects(store.append([write(streamId(), 'any', { events: [] })]), RangeError);
    await t.rejects(store.append([write(streamId(), 'any', { events: [event({ occurredAt: 'yesterday' })] })]), RangeError);
    await t.rejects(store.append([write(streamId(), -1)]), RangeError);
    const id = streamId();
    await t.rejects(store.append([write(id, 'any'), write(id, 'any')]), RangeError);
    await t.rejects(store.commit([unit({ mappings: [mapping('a\u0000b', streamId())] })]), RangeError);
    await t.rejects(store.commit([unit({ ledger: [ledgerRow(changeId(), { day: '2025-04-25' })] })]), RangeError);
    t.equal((await store.head()).position, 0);
  });

  requestsContract(t, open);
}
