import { UnavailableError } from '@clientele/contracts';
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import {
  claimPlan, createPlan, dueParked, findPlan, listPlans, maintainWriteDatabase, markResubmitted, migrateWriteDatabase, noteSource, connectSource,
  postponeParked, PostgresEventStore, savePlanProgress, setPlanState,
} from '../src/index.ts';
import { changeId, ledgerRow, newPlan, resettlement, SOURCE, step, streamId, unit } from './contract/units.ts';
import { openPool, server, writeDatabase, type WriteDatabase } from './support.ts';

const postgres = await server(t);
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));
const FIRST_OF_THESE = 12;

const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
const dayBefore = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

interface Line {
  readonly source: string | null;
  readonly accepted: number;
  readonly outcomes: Record<string, number>;
  readonly unaccounted: number;
  readonly reads: number;
  readonly orders: number;
}

async function accounting(database: WriteDatabase): Promise<Line[]> {
  const { rows } = await database.pool('clientele_log_reader').query<Line>(
    `select source, accepted::int, repeats::int, outcomes, unaccounted::int, reads::int, orders::int from published.accounting order by source nulls first`,
  );
  return rows.map((line) => ({ ...line, outcomes: Object.fromEntries(Object.entries(line.outcomes).filter(([, rows]) => rows !== 0)) }));
}

t.test('parked commands are told, whole, when they are due, until they are put off', async (t) => {
  const database = await writeDatabase(t, postgres);
  const [store, pool, other] = [database.store(), database.pool(), database.pool()];
  const [first, second, later, never, settled, body] = ['20250424', '20250301', '20250424', '20250424', dayBefore(0).replaceAll('-', ''), '20250424'].map((day) => changeId(day));
  const errors = [{ path: 'a', code: 'b', message: 'c' }];
  const parked = (id: string | undefined, nextAttemptAt: string | null, attempts?: number) => ledgerRow(id ?? '', {
    outcome: 'parked', reason: 'future', errors, payload: '{"n":1.50}', entity: 'Account', externalId: 'A', nextAttemptAt, ...(attempts === undefined ? {} : { attempts }),
  });
  await store.commit([unit({ ledger: [
    parked(second, inSeconds(-5)), parked(first, inSeconds(-9), 3), parked(later, inSeconds(60)), parked(never, null), parked(settled, inSeconds(-1)),
    ledgerRow(body ?? '', { outcome: 'quarantined', nextAttemptAt: inSeconds(-9) }),
  ] })]);
  await store.commit([unit({ resettled: [resettlement(settled ?? '')] })]);
  const [told] = await dueParked(pool, 1);
  t.match(told, { commandId: first, outcome: 'parked', provider: 'salesforce', source: SOURCE, entity: 'Account', externalId: 'A', reason: 'future', attempts: 3, errors });
  t.equal(told?.payload, '{"n":1.50}', 'every digit');
  const due = async (): Promise<string[]> => (await dueParked(pool, 10)).map(({ commandId }) => commandId);
  t.same(await due(), [first, second]);

  const putOff = (id: string | undefined, nextAttemptAt: string | null, attempts = 0) => ({ commandId: id ?? '', attempts, nextAttemptAt });
  const all = [putOff(first, inSeconds(60), 4), putOff(second, null, 29), putOff(later, null), putOff(settled, inSeconds(60))];
  const taken = await Promise.all([postponeParked(pool, all), postponeParked(other, all)]);
  t.same(taken.flatMap((ids) => [...ids]).sort(), [first, second].sort(), 'each by one of those who ask, and only what is due');
  t.same(await due(), []);
  await database.owner.query("update clientele.ledger set next_attempt_at = next_attempt_at - interval '2 minutes' where outcome = 'parked'");
  t.match((await dueParked(pool, 10)).map(({ commandId, attempts }) => ({ commandId, attempts })).sort((a, b) => a.attempts - b.attempts), [
    { commandId: later, attempts: 0 }, { commandId: first, attempts: 4 },
  ], 'what was put off for good is not told again');
});

t.test('of large commands so many are told as can be held', async (t) => {
  const database = await writeDatabase(t, postgres);
  const large = (): string => JSON.stringify(randomBytes(400_000).toString('base64'));
  const ids = Array.from({ length: 6 }, () => changeId());
  for (const id of ids) await database.store().commit([unit({ ledger: [ledgerRow(id, { outcome: 'parked', payload: large(), nextAttemptAt: inSeconds(-5) })] })]);
  const told = (await dueParked(database.pool(), 10)).length;
  t.ok(told >= 1 && told < 6, `${told} of 6`);
});

t.test('an append does not wait for who puts off due commands, nor the other way round', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store({ lockTimeoutMs: 30_000 });
  const ids = Array.from({ length: 300 }, () => changeId());
  await store.commit([unit({ ledger: ids.map((id) => ledgerRow(id, { outcome: 'parked', payload: '{}', nextAttemptAt: inSeconds(-5) })) })]);
  const pools = Array.from({ length: 3 }, () => database.pool());
  const told: string[] = [];
  await Promise.all([
    ...pools.map(async (pool) => {
      for (let found = 1; found > 0;) {
        const due = await dueParked(pool, 20);
        found = due.length;
        told.push(...await postponeParked(pool, due.map(({ commandId }) => ({ commandId, attempts: 1, nextAttemptAt: inSeconds(300) }))));
      }
    }),
    (async () => {
      for (const id of ids.slice(0, 100)) await store.commit([unit({ resettled: [resettlement(id)], repeats: [{ commandId: ids.at(-1) ?? '', count: 1 }] })]);
    })(),
  ]);
  t.equal(new Set(told).size, told.length);
  t.ok(told.length >= 200, `${told.length} were put off, the others settled before`);
  t.match(await accounting(database), [{ outcomes: { applied: 100, parked: 200 } }, {}]);
});

t.test('the accounting follows rows that are settled, and counts reads and orders apart', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  await database.fenceLane('commands.0', 1);
  const [parked, body, order, read] = [changeId(), changeId('19700101'), changeId(), changeId()];
  const publishers = (count: number, of: number) => [{ publisher: 'p', nextNumber: count, accepted: { [SOURCE]: of }, lost: 0 }];
  await store.commit([unit({
    ledger: [ledgerRow(parked, { outcome: 'parked', payload: '{}' }), ledgerRow(body, { outcome: 'quarantined', payload: '{}' }), ledgerRow(read, { commandType: 'RecordRead' })],
    lane: step('commands.0', 1, null, { publishers: publishers(4, 3) }),
  })]);
  t.match((await accounting(database))[0], { accepted: 2, outcomes: { parked: 1, quarantined: 1 }, unaccounted: 0, reads: 1, orders: 0 });
  await store.commit([unit({
    ledger: [ledgerRow(order, { commandType: 'RedriveParked' })], resettled: [resettlement(parked), resettlement(body, { from: 'quarantined', outcome: 'discarded' })],
    lane: step('commands.0', 1, 1, { publishers: publishers(5, 1) }),
  })]);
  const settled = { accepted: 2, repeats: 0, outcomes: { applied: 1, discarded: 1 }, unaccounted: 0, reads: 1, orders: 1 };
  t.same(await accounting(database), [{ source: null, ...settled }, { source: SOURCE, ...settled }]);
  await store.commit([unit({ resettled: [resettlement(parked)] })]);
  t.same((await accounting(database))[0], { source: null, ...settled }, 'a unit that is refused counts nothing');
  await database.owner.query('delete from clientele.ledger where command_id = $1', [read]);
  t.match((await accounting(database))[0], { unaccounted: 1, reads: 0 }, 'a row that somebody deleted');
});

t.test('a change that fails again keeps its place in lists: they are ordered by when it was parked', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  const id = changeId();
  const decidedAt = async (): Promise<string | undefined> =>
    (await database.owner.query<{ at: string }>('select decided_at::text as at from clientele.ledger')).rows[0]?.at;
  await store.commit([unit({ ledger: [ledgerRow(id, { outcome: 'parked', payload: '{}' })] })]);
  const parkedAt = await decidedAt();
  t.match(await store.commit([unit({ resettled: [resettlement(id, { outcome: 'parked' })] })]), [{ status: 'committed' }]);
  t.equal(await decidedAt(), parkedAt);
  await store.commit([unit({ resettled: [resettlement(id)] })]);
  t.not(await decidedAt(), parkedAt, 'what is settled was decided just now');
});

t.test('a quarantined body that is sent in again is marked, and stays', async (t) => {
  const database = await writeDatabase(t, postgres);
  const [store, pool] = [database.store(), database.pool()];
  const [body, parked] = [changeId('19700101'), changeId()];
  await store.commit([unit({ ledger: [ledgerRow(body, { outcome: 'quarantined', payload: '{"b":1}' }), ledgerRow(parked, { outcome: 'parked', payload: '{}' })] })]);
  t.equal(await markResubmitted(pool, body, 'anna'), true);
  t.equal(await markResubmitted(pool, parked, 'anna'), false);
  const { rows } = await database.owner.query<object>('select command_id, outcome, resubmitted_by, resubmitted_at is not null as at, payload::text as payload from clientele.ledger order by 1');
  t.match(rows, [{ command_id: body, outcome: 'quarantined', resubmitted_by: 'anna', at: true, payload: '{"b":1}' }, { resubmitted_by: null, at: false }]);
});

t.test('a plan goes on where it was, by its latest owner, while it runs', async (t) => {
  const pool = (await writeDatabase(t, postgres)).pool();
  const plan = newPlan();
  const made = await createPlan(pool, plan);
  t.strictSame(made.params, plan.params, 'every digit');
  t.match(made, { ...plan, state: 'running', cursor: null, counters: {}, finishedAt: null });
  t.same(await createPlan(pool, { ...plan, cause: 'another' }), made, 'the same once more');
  t.match(await claimPlan(pool, plan.id, 3), { id: plan.id });
  t.equal(await claimPlan(pool, plan.id, 2), null);
  const progress = { cursor: { next: 'page 2' }, counters: { records: 10, calls: 2 } };
  t.match(await savePlanProgress(pool, plan.id, 3, progress), { ...progress, state: 'running' });
  t.equal(await savePlanProgress(pool, plan.id, 2, { cursor: null, counters: {} }), null, 'an owner that was');
  t.match(await setPlanState(pool, plan.id, 'paused'), { state: 'paused', ...progress });
  t.equal(await savePlanProgress(pool, plan.id, 3, progress), null, 'one that is paused');
  t.equal(await claimPlan(pool, plan.id, 4), null);
  t.equal(await setPlanState(pool, plan.id, 'paused'), null);
  t.match(await setPlanState(pool, plan.id, 'running'), { state: 'running', ...progress });
  t.match(await savePlanProgress(pool, plan.id, 4, { ...progress, state: 'failed' }), { state: 'failed', finishedAt: Date });
  t.match(await setPlanState(pool, plan.id, 'running'), { state: 'running', finishedAt: null });
  t.match(await savePlanProgress(pool, plan.id, 4, { cursor: null, counters: { records: 11 }, state: 'done' }), { state: 'done', cursor: null, counters: { records: 11 } });
  for (const state of ['running', 'paused', 'cancelled'] as const) t.equal(await setPlanState(pool, plan.id, state), null, `what is done is not ${state}`);

  const others = [newPlan({ kind: 'load', entity: 'Contact' }), newPlan({ kind: 'redrive', source: null, provider: null, entity: null }), newPlan({ source: 'another' })];
  for (const other of others) await createPlan(pool, other);
  t.match(await setPlanState(pool, others[1]?.id ?? '', 'cancelled'), { state: 'cancelled', finishedAt: Date });
  const all = await listPlans(pool);
  t.same(all.map(({ id }) => id), [...others].reverse().concat(plan).map(({ id }) => id), 'newest first');
  t.same([...await listPlans(pool, { limit: 3 }), ...await listPlans(pool, { after: all[2]! })], all);
  const kinds = async (query: Parameters<typeof listPlans>[1]): Promise<string[]> => (await listPlans(pool, query)).map(({ kind }) => kind);
  t.same(await kinds({ states: ['running', 'cancelled'] }), ['repair', 'redrive', 'load']);
  t.same(await kinds({ kinds: ['repair'], source: SOURCE, entity: 'Account' }), ['repair']);
  t.same(await findPlan(pool, streamId()), null);
  await t.rejects(createPlan(pool, newPlan({ cause: 'a\u0000' })), RangeError);
});

t.test('what is over is forgotten: plans after 30 days, payloads that were edited with the command that waited', async (t) => {
  const database = await writeDatabase(t, postgres);
  const [store, pool] = [database.store(), database.pool()];
  const [old, load, young] = [newPlan(), newPlan({ kind: 'load' }), newPlan()];
  for (const plan of [old, load, young]) {
    await createPlan(pool, plan);
    await savePlanProgress(pool, plan.id, 1, { cursor: null, counters: {}, state: 'done' });
  }
  await createPlan(pool, newPlan({ cause: 'running' }));
  await database.owner.query("update clientele.plans set finished_at = now() - interval '31 days' where id <> $1", [young.id]);
  await database.owner.query("update clientele.plans set finished_at = null where cause = 'running'");
  await connectSource(pool, SOURCE, 'salesforce');
  await noteSource(pool, SOURCE, { loadPlan: load.id });
  const [waiting, settled] = [changeId(), changeId()];
  await store.commit([unit({ ledger: [waiting, settled].map((id) => ledgerRow(id, { outcome: 'parked', payload: '{}' })) })]);
  const edited = { by: 'anna', reason: 'a typo' };
  await store.commit([unit({ resettled: [resettlement(waiting, { outcome: 'parked', edited }), resettlement(settled, { edited })] })]);
  await maintainWriteDatabase(pool, { today: dayBefore(14) });
  const edits = async (): Promise<string[]> =>
    (await database.owner.query<{ id: string }>('select command_id as id from clientele.ledger_edits order by 1')).rows.map(({ id }) => id);
  t.same(await edits(), [waiting, settled]);
  await maintainWriteDatabase(pool, { today: dayBefore(17) });
  t.same(await edits(), [waiting]);
  t.same((await listPlans(pool)).map(({ id, cause }) => (cause === 'running' ? cause : id)).sort(), [load.id, young.id, 'running'].sort());
});

t.test('a database that earlier code filled: what it parked is known by its record, and what it did not know is tried at once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'clientele-migrations-'));
  t.teardown(async () => await rm(folder, { recursive: true, force: true }));
  await cp(MIGRATIONS, folder, { recursive: true });
  const journal = join(folder, 'meta', '_journal.json');
  const all: { entries: { idx: number }[] } = JSON.parse(await readFile(journal, 'utf8'));
  await writeFile(journal, JSON.stringify({ ...all, entries: all.entries.filter(({ idx }) => idx < FIRST_OF_THESE) }));
  const url = await postgres.createDatabase();
  await migrateWriteDatabase(url, { folder });
  const pool = openPool(t, { connectionString: url });
  const payload = (name: string): string => `{"type":"ProcessCrmEvent","event":{"entity":"Account","external_id":"A","data":{"Name":"${name}","n":1.50}}}`;
  const rows: readonly [string, string, string | null, string | null][] = [
    ['20250424-a', 'parked', 'unsupported_change', payload('Acme')], ['20250424-b', 'parked', 'bug', payload('\\u0000')], ['20250424-c', 'parked', 'conflict', payload('\\ud800')],
    ['20250424-d', 'applied', null, null], ['19700101-e', 'quarantined', 'unknown_source', '{"body":""}'], [`${dayBefore(0).replaceAll('-', '')}-f`, 'parked', 'unsupported_change', payload('New')],
  ];
  for (const [id, outcome, reason, text] of rows) {
    const day = `${id.slice(0, 4)}-${id.slice(4, 6)}-${id.slice(6, 8)}`;
    await pool.query(
      `insert into clientele.ledger (command_id, day, command_type, provider, source, outcome, reason, errors, received_at, decided_at, payload)
       values ($1, $2, 'ProcessCrmEvent', 'salesforce', $3, $4, $5, '[]', now(), now(), $6)`, [id, day, SOURCE, outcome, reason, text],
    );
  }
  await pool.query('insert into clientele.accepted_counts (source, accepted) values ($1, 6)', [SOURCE]);
  const before = (await pool.query<object>('select * from published.accounting order by source')).rows;
  await migrateWriteDatabase(url);
  t.match((await pool.query<object>('select * from published.accounting order by source')).rows, before, 'the accounting is what it was');
  const { rows: ledger } = await pool.query<{ row: string }>(
    `select concat_ws(' ', right(command_id, 1), outcome, coalesce(entity, '-'), coalesce(external_id, '-'), attempts, next_attempt_at <= now()) as row from clientele.ledger order by right(command_id, 1)`,
  );
  t.match(ledger.map(({ row }) => row), [
    'a parked Account A 0 t', /^b parked/, /^c parked/, 'd applied - - 0', 'e quarantined - - 0', 'f parked Account A 0 t',
  ]);
  const due = await dueParked(pool, 10);
  t.same(due.map(({ commandId }) => commandId.slice(-1)).sort(), ['a', 'f']);
  const store = new PostgresEventStore({ pool });
  const [first] = due;
  const { parked } = await store.load({ keys: [], commandIds: [], parked: ['20250424-a', '20250424-b'] });
  t.equal(parked.get('20250424-b')?.payload, payload('\\u0000'), 'as it was written');
  t.match(await store.commit([unit({ resettled: [resettlement(first?.commandId ?? '')], ledger: [ledgerRow(changeId())] })]), [{ status: 'committed' }]);
  const { rows: [total] } = await pool.query<{ outcomes: Record<string, number> }>('select outcomes from published.accounting where source is null');
  t.same(total?.outcomes, { applied: 3, parked: 3, quarantined: 1 });
});

t.test('what is asked of a database that is away can be asked again later', async (t) => {
  const pool = openPool(t, { host: '127.0.0.1', port: 1, user: 'nobody' });
  const asks: (() => Promise<unknown>)[] = [
    () => dueParked(pool, 1), () => postponeParked(pool, [{ commandId: changeId(), attempts: 0, nextAttemptAt: null }]), () => listPlans(pool), () => connectSource(pool, SOURCE, 'salesforce'), () => markResubmitted(pool, 'a', 'b'),
  ];
  for (const ask of asks) await t.rejects(ask, UnavailableError);
});
