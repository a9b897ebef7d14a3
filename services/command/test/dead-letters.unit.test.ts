import pg from 'pg';
import t from 'tap';
import { ClientDomainService } from '@clientele/domain';
import { InMemoryEventStore, type LedgerRow } from '@clientele/event-store';
import type { ProcessCrmEvent, StoredOutcome } from '@clientele/contracts';
import { DeadLetterStore } from '../src/dead-letters/dead-letter-store.ts';
import { RedriveLetters } from '../src/dead-letters/redrive/redrive-letters.ts';
import { RetrySchedule } from '../src/dead-letters/retry-schedule.ts';
import { SpentLetters } from '../src/dead-letters/spent-letters.ts';
import { StandingRules } from '../src/dead-letters/standing-rules.ts';
import { change, quarantineBody } from './support/commands.ts';
import { discard, edit, redrive } from './support/orders.ts';
import { outcomes, testPipeline, type TestPipelineOptions } from './support/pipeline.ts';

/** A pipeline in which changes of these ids cannot be decided. */
function setUp(options: TestPipelineOptions = {}) {
  const poisoned = new Set<string>();
  const store = new InMemoryEventStore();
  store.fenceLane('commands.0', 1);
  const domain: TestPipelineOptions['domain'] = {
    ...ClientDomainService,
    processCrmEvent(event, ...rest) {
      if (poisoned.has(event.id)) throw new TypeError('poisoned');
      return ClientDomainService.processCrmEvent(event, ...rest);
    },
  };
  const pipeline = testPipeline(store, { domain, ...options });
  const row = ({ commandId }: { commandId: string }): LedgerRow => {
    const line = store.ledger().find((found) => found.row.commandId === commandId);
    if (line === undefined) throw new Error(`no ledger row of ${commandId}`);
    return { attempts: 0, ...line.row };
  };
  const turns = async ({ commandId }: { commandId: string }): Promise<StoredOutcome[]> =>
    (await store.readAll(0, 1000)).filter((entry) => entry.kind === 'outcome').filter(({ changeId }) => changeId === commandId);
  const poison = async (): Promise<ProcessCrmEvent> => {
    const bad = change({ type: 'Created', data: { Name: 'Bad', AnnualRevenue: 12 } });
    poisoned.add(bad.commandId);
    await pipeline.decide([bad]);
    return bad;
  };
  return { ...pipeline, store, poisoned, poison, row, turns };
}

t.test('a redrive decides a parked change as if it came now', async (t) => {
  const { store, poisoned, poison, decide, row, turns, bugs, bugsCounted } = setUp();
  const bad = await poison();
  t.match(bugs, [{ changeId: bad.commandId, err: TypeError }]);
  t.match(row(bad), { outcome: 'parked', reason: 'bug', attempts: 0, entity: 'Account', externalId: bad.event.external_id, nextAttemptAt: /Z$/ });

  const again = redrive(bad);
  t.same(outcomes(await decide([again])), ['parked bug']);
  t.match(row(bad), { outcome: 'parked', attempts: 1, nextAttemptAt: /Z$/, payload: /ProcessCrmEvent/ });
  t.match(row(again), { commandType: 'RedriveParked', outcome: 'applied', reason: 'still_waiting', payload: null });
  t.match(await turns(bad), [{ outcome: 'parked' }, { outcome: 'parked', event: { data: { Name: 'Bad' } } }], 'each turn is told');
  t.same([bugs.length, bugsCounted()], [1, 1], 'the bug was told once');

  poisoned.clear();
  const last = redrive(bad);
  t.same(outcomes(await decide([last, change({ data: { Name: 'later' }, changedFields: ['Name'] })])), ['applied', 'applied'], 'in the order of the lane');
  t.match(row(bad), { outcome: 'applied', reason: null, errors: [], attempts: 2, nextAttemptAt: null, payload: null, aggregateId: /-7/ });
  t.match(row(last), { outcome: 'applied', reason: null });
  const events = (await store.readAll(0, 100)).filter((entry) => entry.kind === 'event');
  t.match(events, [{ type: 'Created', metadata: { changeId: bad.commandId } }, { type: 'Updated' }]);

  const late = redrive(bad);
  t.same(outcomes(await decide([late])), ['superseded not_waiting'], 'what is settled stays settled');
  t.match(row(bad), { outcome: 'applied', attempts: 2 });
});

t.test('of several orders about one dead letter in a unit one is carried out', async (t) => {
  const { poison, decide, row } = setUp();
  const bad = await poison();
  t.same(outcomes(await decide([redrive(bad), discard(bad, 'a test'), redrive(bad)])), ['superseded another_order', 'discarded a test', 'superseded another_order']);
  t.match(row(bad), { outcome: 'discarded', reason: 'a test', payload: null, nextAttemptAt: null });
});

t.test('a discarded change keeps its reason, and what it was', async (t) => {
  const { poison, decide, row, turns } = setUp();
  const bad = await poison();
  const order = discard(bad, 'sent by mistake');
  await decide([order]);
  t.match(row(bad), { outcome: 'discarded', reason: 'sent by mistake', attempts: 0 });
  t.match((await turns(bad)).at(-1), { outcome: 'discarded', reason: 'sent by mistake', event: { data: { Name: 'Bad' } } });
  const silent = discard(bad, '  ');
  t.same(outcomes(await decide([silent])), ['rejected validation']);
  t.match(row(silent), { errors: [{ path: 'reason', code: 'required' }] });
});

t.test('an edit', async (t) => {
  t.test('is decided in the place of the change, whose original is kept', async (t) => {
    const { store, poisoned, poison, decide, row } = setUp();
    const bad = await poison();
    poisoned.clear();
    t.same(outcomes(await decide([edit(bad, { data: { Name: 'Good' } }, 'a wrong name')])), ['applied']);
    t.match(row(bad), { outcome: 'applied', attempts: 1 });
    t.match(store.edits(), [{ commandId: bad.commandId, by: 'ada', reason: 'a wrong name', payload: /"Name":"Bad"/ }]);
    t.match((await store.readAll(0, 10)).at(-1), { kind: 'event', data: { fields: { Name: 'Good' } } });
  });

  t.test('that still cannot be decided waits on, as edited', async (t) => {
    const { poison, decide, row, store } = setUp();
    const bad = await poison();
    t.same(outcomes(await decide([edit(bad, { data: { Name: 'Other' } })])), ['parked bug']);
    t.match(row(bad), { outcome: 'parked', attempts: 1, payload: /"Name":"Other"/ });
    t.match(store.edits(), [{ payload: /"Name":"Bad"/ }]);
  });

  t.test('is bound by what it changed, and not by what the feed sent', async (t) => {
    const { poisoned, poison, decide, row } = setUp();
    const bad = await poison();
    const { commit_time: time, ...clock } = bad.event.metadata.clock;
    await decide([change({ type: 'Created', data: { Name: 'later' } })]);
    poisoned.clear();
    const back = { ...bad.event.metadata, clock: { ...clock, commit_time: new Date(Date.parse(time) - 3_600_000).toISOString() } };
    const earlier = edit(bad, { metadata: back });
    t.same(outcomes(await decide([earlier])), ['rejected validation']);
    t.match(row(earlier), { errors: [{ code: 'arrived_late' }] }, 'whoever sets a clock sets it right');
    t.same(outcomes(await decide([edit(bad, { data: { Name: 'Good' } })])), ['superseded'], 'that the change itself is late, nobody has to mend');
  });

  t.test('that is wrong is refused, and the change waits on as it was', async (t) => {
    const { poisoned, poison, decide, row, store, turns } = setUp();
    const bad = await poison();
    poisoned.clear();
    const wrong: [string, ReturnType<typeof edit>, object][] = [
      ['of another change', edit(bad, { id: '20250101-other' }), { code: 'fixed', path: 'event.id' }],
      ['of another record', edit(bad, { external_id: '0015f00002J9RPgAAN' }), { code: 'fixed', path: 'event.external_id' }],
      ['without its type', { ...edit(bad, {}), event: withoutType(bad) }, { code: 'required', path: 'event.event_type' }],
      ['with a reference that is none', edit(bad, { data: { Name: 'Good', OwnerId: 7 } }), { path: 'OwnerId' }],
    ];
    for (const [what, order, error] of wrong) {
      t.same(outcomes(await decide([order])), ['rejected validation'], what);
      t.match(row(order), { outcome: 'rejected', errors: [error] }, what);
      t.match(row(bad), { outcome: 'parked', attempts: 0, payload: /"Name":"Bad"/ }, what);
    }
    t.same(store.edits(), []);
    t.match((await turns(wrong[0]?.[1] ?? bad)), [{ outcome: 'rejected', errors: [{ code: 'fixed' }] }], 'and that is told');
  });
});

t.test('what is quarantined can be discarded, and nothing else', async (t) => {
  const { decide, row } = setUp();
  const body = quarantineBody('<xml/>');
  await decide([body]);
  const target = { ...change(), commandId: body.commandId };
  t.same(outcomes(await decide([redrive(target)])), ['rejected validation']);
  t.match(row(body), { outcome: 'quarantined' });
  t.same(outcomes(await decide([discard(target)])), ['discarded not worth it']);
  t.match(row(body), { outcome: 'discarded', payload: null });
});

t.test('an order about another record than its dead letter is refused', async (t) => {
  const { poison, decide, row } = setUp();
  const bad = await poison();
  const elsewhere = { ...redrive(bad), external_id: '0015f00002J9RPgAAN' };
  t.same(outcomes(await decide([elsewhere])), ['rejected validation'], 'it came by another lane: the order of the record would not hold');
  t.match(row(bad), { outcome: 'parked', attempts: 0 });
});

t.test('an order that could not be kept is not read', async (t) => {
  const { poison, decide, row } = setUp();
  const bad = await poison();
  const unreadable: [string, object, string][] = [
    ['a reason with a control character', { ...discard(bad), reason: 'a\0b' }, '/reason'],
    ['a name that is too long', { ...redrive(bad), requestedBy: 'x'.repeat(256) }, '/requestedBy'],
    ['a day that is none', { ...edit(bad, {}), event: { ...bad.event, occurred_at: '2025-02-30T00:00:00Z' } }, '/event/occurred_at'],
    ['no target', { ...redrive(bad), target: undefined }, '/target'],
  ];
  for (const [what, order, path] of unreadable) {
    const { items } = await decide([order]);
    t.match(items[0]?.settlement, { outcome: 'quarantined', reason: 'unreadable_command', errors: [{ path }] }, what);
  }
  t.match(row(bad), { outcome: 'parked', attempts: 0 });
});

t.test('what fails again never stops a lane', async (t) => {
  const { poison, decide, session } = setUp();
  const bad = await poison();
  for (let n = 0; n < 120; n += 1) await decide([redrive(bad)]);
  t.doesNotThrow(() => session.bugs.check([]));
});

t.test('a clock too far ahead is taken up once it is not', async (t) => {
  let now = Date.parse('2025-05-01T00:00:00Z');
  const { decide, row } = setUp({ now: () => new Date(now) });
  const ahead = change({ type: 'Created', at: now + 30 * 3_600_000 });
  t.same(outcomes(await decide([ahead])), ['parked clock_ahead']);
  t.match(row(ahead), { nextAttemptAt: '2025-05-01T06:00:00.000Z' });
  now += 6 * 3_600_000;
  t.same(outcomes(await decide([redrive(ahead)])), ['applied']);
});

t.test('an attempt that can only fail as the last one did is told by the rules alone', async (t) => {
  let now = Date.parse('2025-05-01T00:00:00Z');
  const { poison, decide, row, handlers } = setUp({ now: () => new Date(now) });
  const keepsWaiting = (command: { commandId: string }, change: Partial<LedgerRow> = {}, by = handlers): boolean =>
    new StandingRules(by, () => new Date(now)).keepWaiting({ ...row(command), ...change });
  const [strange, gap, ahead] = [
    change({ kind: 'unknown', sourceChangeType: 'SNAPSHOT' }), change({ kind: 'entity_gap', externalId: null, sourceChangeType: 'GAP_OVERFLOW' }),
    change({ at: now + 30 * 3_600_000 }),
  ];
  t.same(outcomes(await decide([strange, gap, ahead])), ['parked unknown_change_type', 'parked source_not_readable', 'parked clock_ahead']);
  for (const command of [strange, gap, ahead]) t.equal(keepsWaiting(command), true, row(command).reason ?? '');
  const newer = (row(strange).payload ?? '').replace('"schemaVersion":1', '"schemaVersion":2');
  const written = [{ path: '/schemaVersion', code: 'newer_schema', message: 'a later version of this service wrote it' }];
  t.equal(keepsWaiting(strange, { payload: newer, reason: 'newer_schema', errors: written }), true);

  t.equal(keepsWaiting(await poison()), false, 'a bug may be gone, which only deciding tells');
  t.equal(keepsWaiting(strange, { reason: 'unsupported_change' }), false, 'another reason than the last one');
  t.equal(keepsWaiting(strange, { errors: [] }), false, 'nor is it silent about other errors');
  t.equal(keepsWaiting(strange, { payload: (row(strange).payload ?? '').replace('SNAPSHOT', 'CREATE').replace('"unknown"', '"change"') }), false, 'it is known by now');
  t.equal(keepsWaiting(gap, {}, testPipeline(new InMemoryEventStore(), { facts: { readable: true } }).handlers), false, 'there are credentials by now');
  t.equal(keepsWaiting(strange, { payload: 'no JSON' }), false);
  now += 6 * 3_600_000;
  t.equal(keepsWaiting(ahead), false, 'its time has come');
});

t.test('the waits', async (t) => {
  const now = new Date('2025-05-01T00:00:00Z');
  const waits = (random: number) => Array.from({ length: 30 }, (_, attempts) => {
    const next = new RetrySchedule(() => now, () => random).next({ reason: 'bug', attempts, command: null });
    return next === null ? null : (Date.parse(next) - now.getTime()) / 1000;
  });
  t.same(waits(1), [5, 30, 120, 600, ...Array.from({ length: 24 }, () => 3600), null, null]);
  t.same(waits(0.5).slice(0, 5), [2.5, 15, 60, 300, 1800], 'drawn from nothing to the whole');
});

function withoutType({ event }: ProcessCrmEvent): ProcessCrmEvent['event'] {
  const { event_type: _type, ...rest } = event;
  return rest;
}

t.test('a dead letter that another process settles between the look and the commit is left to it', async (t) => {
  const { store, poisoned, poison, decide, row } = setUp();
  const bad = await poison();
  poisoned.clear();
  const commit = store.commit.bind(store);
  store.commit = async (units) => {
    store.commit = commit;
    const { commandId, day } = row(bad);
    const rival = { commandId, day, from: 'parked', outcome: 'discarded', reason: 'faster', errors: [], aggregateId: null, payload: null, nextAttemptAt: null, attempts: 0 } as const;
    await commit([{ writes: [], outcomes: [], ledger: [], repeats: [], mappings: [], resettled: [rival] }]);
    return await commit(units);
  };
  t.same(outcomes(await decide([redrive(bad)])), ['superseded not_waiting']);
  t.match(row(bad), { outcome: 'discarded', reason: 'faster' });
  t.same((await store.readAll(0, 100)).filter(({ kind }) => kind === 'event'), [], 'and nothing was appended');
});

t.test('where the database is away, what waits is to be asked for again later', async (t) => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 9 });
  t.teardown(async () => await pool.end());
  const id = `20250424-${'A'.repeat(27)}`;
  const asked: Promise<unknown>[] = [
    new DeadLetterStore(pool).list({}), new DeadLetterStore(pool).groups({}), new DeadLetterStore(pool).find(id), new DeadLetterStore(pool).settledOutcome(id),
    new RedriveLetters(pool).count({}, '2025-04-24T00:00:00Z'), new SpentLetters(pool).next(1),
  ];
  for (const one of asked) await t.rejects(one, { name: 'UnavailableError', message: /^the write database cannot be had for what waits: connect ECONNREFUSED/ });
});
