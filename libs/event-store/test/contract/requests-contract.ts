import type { Test } from 'tap';
import type { CommitUnit } from '../../src/event-store.ts';
import type { NewPlan } from '../../src/plans.ts';
import { readLane, type AskedRead } from '../../src/reads.ts';
import type { StoreUnderTest } from './event-store-contract.ts';
import {
  askedRead, changeId, clockAt, ledgerRow, newPlan, outcome, reading, resettlement, SOURCE, step, streamId, timeAt, unit, write,
} from './units.ts';

/** What a store keeps beside its log, for a test to look at. */
export interface KeptRequests {
  /** In the order in which they were first asked for. */
  readonly reads: readonly (Omit<AskedRead, 'notBefore'> & { readonly lane: number; readonly notBefore: Date; readonly requestedAt: Date })[];
  readonly plans: readonly NewPlan[];
  readonly edits: readonly { readonly commandId: string; readonly by: string; readonly reason: string; readonly payload: string | null }[];
}

/** What every EventStore keeps of reads, waiting commands and plans. */
export function requestsContract(t: Test, open: (t: Test) => Promise<StoreUnderTest>): void {
  t.test('the reads of a record are one: the latest since, the most urgent lane', async (t) => {
    const { store, kept } = await open(t);
    const ask = async (...reads: AskedRead[]): Promise<void> => {
      t.match(await store.commit([unit({ reads })]), [{ status: 'committed' }]);
    };
    await ask(askedRead('A', 10, { reason: 'repair' }));
    const [first] = (await kept()).reads;
    t.match(first, {
      source: SOURCE, entity: 'Account', externalId: 'A', provider: 'salesforce', reason: 'repair', lane: 2, since: clockAt(10), notBefore: new Date(timeAt(12)),
    });
    await ask(askedRead('A', 5, { reason: 'reconciliation.missed' }));
    t.same((await kept()).reads, [first], 'nothing of it is new');
    await ask(askedRead('A', 5, { reason: 'window' }));
    t.match((await kept()).reads, [{ reason: 'window', lane: 0, since: clockAt(10), notBefore: new Date(timeAt(12)) }], 'more urgent, not later');
    await ask(askedRead('A', 20, { reason: 'diff' }));
    t.match((await kept()).reads, [{ reason: 'diff', lane: 0, since: clockAt(20), notBefore: new Date(timeAt(22)) }], 'later, as urgent');
    await ask(askedRead('A', 30, { reason: 'repair' }));
    t.match((await kept()).reads, [{ reason: 'diff', lane: 0, since: clockAt(30) }], 'later, less urgent');

    await ask(askedRead('B', 1), askedRead('B', 3, { reason: 'reconciliation.drift' }), askedRead('B', 2, { reason: 'missing_create' }), askedRead('C', 1));
    t.match((await kept()).reads.slice(1).sort((a, b) => (a.externalId < b.externalId ? -1 : 1)), [
      { externalId: 'B', reason: 'missing_create', lane: 0, since: clockAt(3), notBefore: new Date(timeAt(5)) }, { externalId: 'C', reason: 'gap', lane: 1 },
    ], 'several of one unit');
    t.equal(readLane('something else'), 'repair');
  });

  t.test('a read that is asked for again and again is put off by no more than a minute', async (t) => {
    const { store, kept } = await open(t);
    const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
    for (const [since, delay] of [[1, 30], [2, 45], [3, 600]] as const) {
      await store.commit([unit({ reads: [askedRead('A', since, { notBefore: inSeconds(delay) })] })]);
      const [read] = (await kept()).reads;
      const waits = (read?.notBefore.getTime() ?? NaN) - (read?.requestedAt.getTime() ?? NaN);
      t.ok(Math.abs(waits - Math.min(delay, 60) * 1000) < 5_000, `${delay} s: after ${waits} ms`);
    }
  });

  t.test('a reading closes what was asked for before it, and no more', async (t) => {
    const { store, kept } = await open(t);
    const wanted = async (): Promise<string[]> => (await kept()).reads.map(({ externalId, since }) => `${externalId} ${since}`).sort();
    await store.commit([unit({ reads: [askedRead('A', 10), askedRead('B', 10), askedRead('C', 10)] })]);
    await store.commit([unit({ readings: [reading('A', 11), reading('B', 10), reading('nobody', 11)] })]);
    t.same(await wanted(), [`B ${clockAt(10)}`, `C ${clockAt(10)}`], 'a clock of the moment at which it begins is not before it');
    await store.commit([unit({ reads: [askedRead('A', 5), askedRead('B', 12), askedRead('C', 13)], readings: [reading('A', 11), reading('B', 11), reading('C', 14)] })]);
    t.same(await wanted(), [`B ${clockAt(12)}`], 'what is asked for in the same unit too');
  });

  t.test('a waiting row moves to another outcome, once', async (t) => {
    const { store } = await open(t);
    const [id, body, other, aggregateId] = [changeId(), changeId('19700101'), changeId(), streamId()];
    const errors = [{ path: 'a', code: 'b', message: 'c' }];
    await store.commit([unit({ ledger: [
      ledgerRow(id, { outcome: 'parked', reason: 'unknown_change_type', payload: '{"a":1.50}', entity: 'Account', externalId: 'A', nextAttemptAt: timeAt(5) }),
      ledgerRow(body, { outcome: 'quarantined', commandType: 'QuarantineBody', payload: '{"b":1}' }), ledgerRow(other),
    ] })]);
    const waiting = async (): Promise<unknown[]> => [...(await store.load({ keys: [], commandIds: [], parked: [id, body, other, changeId()] })).parked.values()];
    t.strictSame(await waiting(), [
      {
        commandId: id, outcome: 'parked', commandType: 'ProcessCrmEvent', provider: 'salesforce', source: SOURCE, entity: 'Account', externalId: 'A',
        reason: 'unknown_change_type', attempts: 0, receivedAt: timeAt(0), payload: '{"a":1.50}',
      },
      {
        commandId: body, outcome: 'quarantined', commandType: 'QuarantineBody', provider: 'salesforce', source: SOURCE, entity: null, externalId: null,
        reason: null, attempts: 0, receivedAt: timeAt(0), payload: '{"b":1}',
      },
    ]);
    const settle = async (...resettled: CommitUnit['resettled'] & object): Promise<unknown> => (await store.commit([unit({ resettled })]))[0];
    t.match(await settle(resettlement(id, { outcome: 'parked', reason: 'bug', errors, nextAttemptAt: timeAt(9) })), { status: 'committed' });
    t.match(await waiting(), [{ reason: 'bug', attempts: 1, payload: '{"a":1.50}' }, {}], 'it goes on waiting, with its payload');
    t.match(await settle(resettlement(id, { outcome: 'parked', payload: '{"a":2}', attempts: 2 })), { status: 'committed' });
    t.match(await waiting(), [{ attempts: 2, payload: '{"a":2}' }, {}]);
    t.strictSame(await settle(resettlement(id, { from: 'quarantined' })), { status: 'settled_meanwhile', commandId: id }, 'it waits, but otherwise');
    t.match(await settle(resettlement(id, { aggregateId }), resettlement(body, { from: 'quarantined', outcome: 'discarded' })), { status: 'committed' });
    t.same(await waiting(), []);
    t.strictSame(await settle(resettlement(id)), { status: 'settled_meanwhile', commandId: id });
    const unknown = changeId();
    t.strictSame(await settle(resettlement(unknown)), { status: 'settled_meanwhile', commandId: unknown });
    t.equal((await store.load({ keys: [], commandIds: [id, body, other] })).known.size, 3, 'the rows are there');
  });

  t.test('a payload that somebody edits is kept as it was', async (t) => {
    const { store, kept } = await open(t);
    const id = changeId();
    await store.commit([unit({ ledger: [ledgerRow(id, { outcome: 'parked', payload: '{"a":1.50}' })] })]);
    const edit = (payload: string, by: string): CommitUnit =>
      unit({ resettled: [resettlement(id, { outcome: 'parked', payload, attempts: 0, edited: { by, reason: 'a typo' } })] });
    await store.commit([edit('{"a":2}', 'anna')]);
    await store.commit([edit('{"a":3}', 'ben')]);
    t.same((await kept()).edits, [
      { commandId: id, by: 'anna', reason: 'a typo', payload: '{"a":1.50}' }, { commandId: id, by: 'ben', reason: 'a typo', payload: '{"a":2}' },
    ]);
    t.equal((await store.load({ keys: [], commandIds: [], parked: [id] })).parked.get(id)?.payload, '{"a":3}');
  });

  t.test('a plan is begun once', async (t) => {
    const { store, kept } = await open(t);
    const [plan, other] = [newPlan(), newPlan({ kind: 'redrive', source: null, provider: null, entity: null })];
    await store.commit([unit({ plans: [plan] })]);
    await store.commit([unit({ plans: [{ ...plan, cause: 'another' }, other] })]);
    t.match((await kept()).plans, [plan, other]);
    t.equal((await kept()).plans.length, 2);
  });

  t.test('of a unit that is refused nothing of this is kept, and the others of its group go on', async (t) => {
    const { store, fenceLane, kept } = await open(t);
    for (const lane of ['commands.0', 'commands.1', 'commands.2']) await fenceLane(lane, 1);
    const [settled, parked, sibling, taken] = [changeId(), changeId(), changeId(), streamId()];
    await store.commit([unit({
      writes: [write(taken, 'none')], reads: [askedRead('kept', 1)],
      ledger: [settled, parked, sibling].map((id) => ledgerRow(id, { outcome: 'parked', payload: '{}' })),
    })]);
    await store.commit([unit({ resettled: [resettlement(settled)] })]);
    const asked = (n: number): Partial<CommitUnit> => ({ reads: [askedRead(`asked ${n}`, 1)], readings: [reading('kept', 5)], plans: [newPlan()] });
    const results = await store.commit([
      unit({ ...asked(1), resettled: [resettlement(parked), resettlement(settled)], outcomes: [outcome(parked)], lane: step('commands.0', 1, null) }),
      unit({ ...asked(2), writes: [write(taken, 'none')], ledger: [ledgerRow(changeId())], lane: step('commands.1', 1, null) }),
      unit({ ...asked(3), lane: step('commands.2', 9, null) }),
      unit({ reads: [askedRead('asked 4', 1)], resettled: [resettlement(sibling)], plans: [newPlan({ cause: 'kept' })] }),
    ]);
    t.match(results, [
      { status: 'settled_meanwhile', commandId: settled }, { status: 'conflict', streamId: taken }, { status: 'stale_lane' }, { status: 'committed' },
    ]);
    const { reads, plans } = await kept();
    t.same(reads.map(({ externalId }) => externalId).sort(), ['asked 4', 'kept']);
    t.match(plans, [{ cause: 'kept' }]);
    const { parked: waiting } = await store.load({ keys: [], commandIds: [], parked: [settled, parked, sibling] });
    t.same([...waiting.keys()], [parked]);
    t.match(await store.laneCheckpoint('commands.0'), { position: null });
    t.equal((await store.head()).position, 1);
  });

  t.test('a lane batch that settled a row, sent again after it was stored, was committed', async (t) => {
    const { store, fenceLane } = await open(t);
    await fenceLane('commands.0', 1);
    const [id, order] = [changeId(), changeId()];
    await store.commit([unit({ ledger: [ledgerRow(id, { outcome: 'parked', payload: '{}' })] })]);
    const batch = unit({
      resettled: [resettlement(id)], ledger: [ledgerRow(order, { commandType: 'RedriveParked' })], writes: [write(streamId(), 'none', { commandId: id })],
      lane: step('commands.0', 1, null),
    });
    t.match(await store.commit([batch]), [{ status: 'committed', writes: [{ repeated: false }] }]);
    t.match(await store.commit([batch]), [{ status: 'committed', writes: [{ repeated: true }] }]);
  });

  t.test('requests that no store can hold are refused before they are tried', async (t) => {
    const { store, kept } = await open(t);
    const id = changeId();
    const refused: readonly Partial<CommitUnit>[] = [
      { reads: [askedRead('A', 1, { since: '2025-04-24' })] }, { reads: [askedRead('A\u0000', 1)] }, { reads: [askedRead('A', 1, { notBefore: 'soon' })] },
      { readings: [{ ...reading('A', 1), from: 'then' }] }, { resettled: [resettlement(id, { day: '2020-01-01' })] },
      { resettled: [resettlement(id), resettlement(id)] }, { resettled: [resettlement(id)], ledger: [ledgerRow(id)] },
      { resettled: [resettlement(id, { aggregateId: 'A' })] }, { plans: [newPlan({ id: 'A' })] }, { plans: [newPlan({ params: { a: 'b\u0000' } })] },
      { plans: [newPlan({ cause: '\ud800' })] }, { ledger: [ledgerRow(id, { nextAttemptAt: 'soon' })] },
    ];
    for (const fields of refused) await t.rejects(store.commit([unit(fields)]), RangeError);
    t.same(await kept(), { reads: [], plans: [], edits: [] });
  });
}
