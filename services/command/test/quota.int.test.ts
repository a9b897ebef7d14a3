import t, { type Test } from 'tap';
import { UnavailableError } from '@clientele/contracts';
import { connectSource, InMemoryEventStore, listPlans, listSources, migrateWriteDatabase, noteQuota, spendCalls, spentCalls, type ReadLane } from '@clientele/event-store';
import { createLogger, createMetrics, createPool } from '@clientele/service-kit';
import { eventually, startPostgres } from '@clientele/testing';
import { schedulePlans } from '../src/plans/schedule.ts';
import { GovernedQuota, type CallLedger } from '../src/quota/source-quota.ts';
import { SourceWatch } from '../src/sources/source-watch.ts';
import type { ReadableSource } from '../src/sources/source-book.ts';
import { change, SOURCE } from './support/commands.ts';
import { testPipeline } from './support/pipeline.ts';

const postgres = await startPostgres();
t.teardown(() => postgres.stop());
const MIGRATED = 'migrated';
await migrateWriteDatabase(await postgres.createDatabase(MIGRATED));

async function database(t: Test) {
  const pool = createPool(await postgres.createDatabase(undefined, MIGRATED), { applicationName: 'test', max: 8 });
  t.teardown(() => pool.end());
  await connectSource(pool, SOURCE, 'salesforce');
  const ledger: CallLedger = {
    spend: (lane, calls, most) => spendCalls(pool, SOURCE, lane, calls, most),
    spent: () => spentCalls(pool, SOURCE),
    noteMax: (max) => noteQuota(pool, SOURCE, max),
  };
  const quota = (share = 0.5) => new GovernedQuota({ ledger, share, now: Date.now });
  return { pool, quota };
}

function told(used: number, max: number) {
  return { operation: 'get', limits: { used, max, at: Date.now() } };
}

t.test('two processes together never spend more than the share, and a restart forgets nothing', async (t) => {
  const { quota } = await database(t);
  const processes = [quota(), quota()];
  for (const one of processes) one.heard(told(0, 200));
  const answers = await Promise.all(processes.flatMap((one) => Array.from({ length: 80 }, async () => await one.spend('live', 1))));
  const granted = answers.filter((isGranted) => isGranted).length;
  // Two calls were heard of, and were counted though nobody asked for them.
  t.equal(granted + 2, 96, 'of 200 calls the half is ours, but for a rest');

  const restarted = quota();
  t.notOk(await restarted.allows('live', 1), 'the limit is known before the provider tells it again');
  t.match(await restarted.status(), { spent: { live: 96 }, budget: 100, left: 4, account: null });
});

t.test('who asks while another process spends waits to see what is left', async (t) => {
  const { pool } = await database(t);
  const first = await pool.connect();
  await first.query('begin');
  await first.query("select clientele.spend_calls($1, 'live', 6, 10)", [SOURCE]);
  const second = spendCalls(pool, SOURCE, 'live', 5, 10);
  await eventually('the second waits', async () => (await pool.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).rowCount === 1);
  await first.query('commit');
  first.release();
  t.equal(await second, false, 'six and five are more than ten');
});

t.test('a call counts until the last minute of its hour is a day old', async (t) => {
  const { pool } = await database(t);
  await pool.query("insert into clientele.api_calls (source, hour, lane, calls) values ($1, now() - interval '24 hours 30 minutes', 'live', 10), ($1, now() - interval '25 hours 1 minute', 'live', 10)", [SOURCE]);
  t.equal(await spendCalls(pool, SOURCE, 'live', 1, 10), false);
  t.equal(await spendCalls(pool, SOURCE, 'live', 1, 11), true);
});

t.test('what costs more than was expected is made good', async (t) => {
  const { quota } = await database(t);
  const one = quota();
  await one.spend('repair', 1);
  for (let call = 1; call <= 30; call += 1) one.heard(told(call, 1000));
  one.heard({ operation: 'token', limits: null });
  await one.spend('live', 1);
  const { spent } = await one.status();
  t.equal(spent.live + spent.repair, 31);
});

t.test('the less urgent leaves something to the more urgent, and all leave something to others', async (t) => {
  const { quota } = await database(t);
  const one = quota();
  one.heard(told(0, 1000));
  const most: Partial<Record<ReadLane, number>> = {};
  for (const lane of ['reconciliation', 'repair', 'gap', 'live'] as const) {
    while (await one.spend(lane, 1)) { /* as long as there is some */ }
    most[lane] = Object.values((await one.status()).spent).reduce((sum, calls) => sum + calls, 0);
  }
  t.same(most, { reconciliation: 375, repair: 425, gap: 460, live: 480 });

  const other = (await database(t)).quota();
  other.heard(told(930, 1000));
  t.same(await Promise.all((['live', 'gap', 'repair', 'reconciliation'] as const).map((lane) => other.allows(lane, 1))), [true, true, false, false]);
  other.heard(told(990, 1000));
  t.notOk(await other.allows('live', 1));
});

t.test('what could not be counted is counted with the next', async (t) => {
  const { pool, quota } = await database(t);
  let isAway = true;
  const spend: CallLedger['spend'] = async (lane, calls, most) => {
    if (isAway) throw new UnavailableError('away');
    return await spendCalls(pool, SOURCE, lane, calls, most);
  };
  const one = new GovernedQuota({ ledger: { spend, spent: () => spentCalls(pool, SOURCE), noteMax: async () => {} }, share: 0.5, now: Date.now });
  for (let call = 1; call <= 5; call += 1) one.heard(told(call, 1000));
  await t.rejects(one.spend('live', 1), UnavailableError);
  isAway = false;
  t.ok(await one.spend('live', 1));
  t.match(await quota().status(), { spent: { live: 6 } });
});

t.test('a source is loaded when it is connected, and compared first when a turn comes after that', async (t) => {
  const { pool } = await database(t);
  const connectedAt = (await listSources(pool))[0]?.connectedAt.getTime() ?? NaN;
  const made = async (now: number): Promise<string[]> => {
    const settings = { loadOnConnect: true, sampleEveryMs: 900_000, sampleRecords: 5, fullEveryMs: 0 };
    await schedulePlans(pool, { id: SOURCE, provider: 'salesforce', entities: ['Account'] }, settings, now);
    return (await listPlans(pool)).map(({ kind }) => kind);
  };
  t.same(await made(connectedAt), ['load'], 'the turn that runs began before');
  t.same(await made(connectedAt + 900_000), ['reconciliation', 'load']);
  t.same(await made(connectedAt + 900_000), ['reconciliation', 'load'], 'each turn once');
});

t.test('a jump of commit numbers raises an alarm and asks for a comparison, once', async (t) => {
  const { pool, quota } = await database(t);
  const readable = { id: SOURCE, provider: 'salesforce', quota: quota(), marginMs: 2000, entities: ['Account', 'Lead'] };
  const sources = { find: () => readable as unknown as ReadableSource };
  const alarms = createMetrics('command');
  const watch = (metrics = createMetrics('command')) => new SourceWatch({ pool, sources, metrics, logger: createLogger('command', { LOG_LEVEL: 'silent' }) });
  const store = new InMemoryEventStore();
  store.fenceLane('commands.0', 1);
  const { decide } = testPipeline(store);
  const T = Date.parse('2025-04-24T10:00:00Z');
  const see = async (one: SourceWatch, at: number, commitNumber: string): Promise<void> => {
    one.seen(await decide([change({ at: T + at, commitNumber })]));
    await one.flush();
  };
  const jumps = async () => (await alarms.registry.getSingleMetric('clientele_source_generation_jumps_total')?.get())?.values.map(({ value }) => value) ?? [];

  const first = watch(alarms);
  await see(first, 0, '9999999999999');
  await see(first, 1000, '10000000000001');
  t.same(await jumps(), [0], 'numbers grow');
  await see(first, 2000, '1745500706683617281');
  t.match(await listSources(pool), [{ generation: '19', lastChangeAt: new Date(T + 2000) }]);
  t.match(await listPlans(pool), [{ kind: 'reconciliation', source: SOURCE, cause: 'generation jump: 14 to 19 digits', params: { mode: 'full', entities: ['Account', 'Lead'] } }]);
  t.same(await jumps(), [1]);
  await see(first, 1500, '10000000000002');
  await see(watch(), 3000, '1745500706683617999');
  t.equal((await listPlans(pool)).length, 1, 'late changes of before, and what follows, are no jumps');
  t.match(await listSources(pool), [{ generation: '19', lastChangeAt: new Date(T + 3000) }]);
  await see(watch(), Date.now() + 80_000_000 - T, '1745500706683618000');
  t.match(await listSources(pool), [{ lastChangeAt: new Date(T + 3000) }], 'a clock that is ahead hides nothing');
});
