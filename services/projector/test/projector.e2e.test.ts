import { PostgresLogFeed } from '@clientele/event-store';
import { EventStream } from '@clientele/messaging';
import { definitionFor, loadClienteleConfig } from '@clientele/service-kit';
import { eventually, keyedRoutesContract, tcpProxy } from '@clientele/testing';
import t from 'tap';
import { MigrationSettings } from '../src/settings.ts';
import { eventfulLog, LogBuilder } from './support/log-builder.ts';
import { bothViews, project, ReadDatabase } from './support/projecting.ts';
import { get, reached, World, type RunningProjector } from './support/running.ts';

const world = await World.start();
t.teardown(() => world.stop());

/** What the log itself gives when it is projected at once. */
async function truth(position: number): Promise<unknown> {
  const config = loadClienteleConfig(undefined);
  const once = await ReadDatabase.create(world.postgres);
  await project(once, new PostgresLogFeed(world.logPool), position, { projections: bothViews((provider, entity) => definitionFor(config, provider, entity)) });
  const dump = await once.dump();
  await once.pool.end();
  return dump;
}

async function healthy(projector: RunningProjector): Promise<void> {
  await eventually('a projector that is ready', async () => {
    const answer = await get(projector, '/health/ready').catch((error: unknown) => ({ status: 0, text: String(error) }));
    return { ...answer, log: projector.output().split('\n').slice(-3) };
  }, { until: ({ status }) => status === 200, timeoutMs: 20_000 });
}

async function stopped(projector: RunningProjector): Promise<void> {
  projector.kill('SIGTERM');
  await projector.exited;
}

const history = eventfulLog(300, 20);

t.test('it projects what the stream brings, tells where it stands, and hands over at once when it is stopped', async (t) => {
  const database = await world.readDatabase();
  const projector = await world.projector(database);
  await healthy(projector);
  // Once it follows the stream it waits for what is not relayed; before, it would read the log.
  await world.append(history.entries.slice(0, 1));
  await world.relay();
  await reached(database, 1, projector);
  await world.append(history.entries.slice(1, 40));
  const behind = await eventually('the lag behind what is not relayed', async () => JSON.parse((await get(projector, '/projections')).text).items[0], {
    until: ({ lag_events: lag }) => lag === 39,
  });
  t.match(behind, { name: 'records', position: '1', head: '40', state: 'catching_up', progress: 0.025 });
  t.ok(behind.lag_seconds > 0);

  await world.relay();
  await reached(database, 40, projector);
  t.same(await database.dump(), await truth(40));
  const { text } = await get(projector, '/projections');
  t.match(JSON.parse(text), { items: [{ name: 'records', version: 2, served_version: 2, served_position: '40', state: 'current', position: '40', lag_events: 0, lag_seconds: 0, progress: 1, parked: 0 }, { name: 'changes' }] });

  await keyedRoutesContract(t, projector.url);
  t.equal((await get(projector, '/projections', 'wrong')).status, 401);
  t.match((await get(projector, '/openapi.json', null)).text, '/projections');
  t.equal((await get(projector, '/docs', null)).status, 200);
  t.equal((await get(projector, '/health/live', null)).status, 200);
  t.equal((await get(projector, '/health/progress', null)).status, 200);
  const metrics = (await get(projector, '/metrics', null)).text;
  t.match(metrics, /clientele_projection_entries_total\{projection="changes",result="applied",reason="",service="projector"\} 40/);
  t.match(metrics, /clientele_projection_stage_seconds_count\{(?=.*stage="records").*\} [1-9]/);
  t.match(metrics, /clientele_projection_lag_events\{projection="records",service="projector"\} 0/);
  t.match(metrics, /clientele_projection_leads\{service="projector"\} 1/);
  const kinds = new Set<string>(history.entries.map((entry) => (entry.kind === 'event' ? entry.type : entry.outcome)));
  for (const kind of ['Created', 'Updated', 'Deleted', 'Withdrawn', 'MarkedDirty', 'Cleaned', 'Merged', 'Converted']) t.ok(kinds.has(kind), `the history has ${kind}`);
  const leaves = await database.pool.query(`select count(*)::int as days from pg_inherits where inhparent = 'clientele.changes_1'::regclass`);
  t.same(leaves.rows, [{ days: 5 }], 'today has a partition');

  projector.kill('SIGTERM');
  t.equal(await projector.exited, 0);
  const { rows } = await database.pool.query('select owner, expires_at < now() as over from clientele.leases');
  t.same(rows, [{ owner: null, over: true }]);
});

t.test('killed at any point of the transaction, it goes on from there without loss or double', async (t) => {
  await world.append(history.entries.slice(40, 100));
  await world.relay();
  const database = await world.readDatabase();
  for (const point of ['begun', 'advanced', 'records.written', 'changes.written', 'before-commit']) {
    const projector = await world.projector(database, { CLIENTELE_FAULT: `projection.${point}` });
    t.equal(await projector.exited, null, `killed at ${point}`);
    t.match(await database.dump(), { records: [], changes: [] }, `nothing of it is seen after ${point}`);
  }
  const killed = await world.projector(database, { CLIENTELE_FAULT: 'projection.committed' });
  t.equal(await killed.exited, null);
  t.notMatch(await database.positions(), { records: 0 }, 'what was committed is there');
  const projector = await world.projector(database);
  await reached(database, 100, projector);
  t.same(await database.dump(), await truth(100));
  await stopped(projector);
});

t.test('SIGTERM in the middle of the work ends it cleanly; a second process takes over, and never do both write', async (t) => {
  const database = await world.readDatabase();
  const [one, two] = await Promise.all([world.projector(database), world.projector(database)]);
  await Promise.all([healthy(one), healthy(two)]);
  await world.append(history.entries.slice(100, 200));
  const relaying = world.relay();
  await eventually('the first at work', async () => (await database.positions())['records'] ?? 0, { until: (position) => position > 0 });
  const leads = async (projector: RunningProjector) => /projection_leads\{[^}]*\} 1/.test((await get(projector, '/metrics')).text);
  const [leader, follower] = (await leads(one)) ? [one, two] : [two, one];
  leader.kill('SIGTERM');
  t.equal(await leader.exited, 0);
  await relaying;
  await reached(database, 200, follower);
  t.same(await database.dump(), await truth(200));
  t.notMatch(follower.output(), 'FencedError');

  // Killed hard, the lease runs out, and whoever is started next goes on.
  await world.append(history.entries.slice(200, 230));
  follower.kill('SIGKILL');
  await world.relay();
  const third = await world.projector(database);
  await reached(database, 230, third);
  t.same(await database.dump(), await truth(230));
  await stopped(third);
});

t.test('behind the retention of the stream it reads the log, then the stream again', async (t) => {
  await new EventStream(world.link).purge();
  await world.append(history.entries.slice(230, 260));
  await world.relay(250);
  const database = await world.readDatabase();
  const projector = await world.projector(database);
  await reached(database, 260, projector);
  t.match((await get(projector, '/metrics')).text, /clientele_projection_fallbacks_total\{service="projector"\} 1/);
  await world.append(history.entries.slice(260, 280));
  await world.relay();
  await reached(database, 280, projector);
  t.match((await get(projector, '/metrics')).text, /clientele_projection_fallbacks_total\{service="projector"\} 1/, 'the rest came by the stream');
  t.same(await database.dump(), await truth(280));
  await stopped(projector);
});

t.test('an emptied stream to which nothing comes any more keeps nothing from a fresh database', async (t) => {
  await new EventStream(world.link).purge();
  const database = await world.readDatabase();
  const projector = await world.projector(database);
  await reached(database, 280, projector);
  t.match((await get(projector, '/metrics')).text, /clientele_projection_fallbacks_total\{service="projector"\} 1/);
  t.same(await database.dump(), await truth(280));
  await stopped(projector);
  await world.relay(270);
});

t.test('what the broker cannot carry comes from the log; servers may fail in between', async (t) => {
  const database = await world.readDatabase();
  const projector = await world.projector(database);
  await reached(database, 280, projector);
  const log = new LogBuilder();
  log.change({ kind: 'create', record: 900, time: Date.now(), fields: [{ path: 'Description', value: 'x'.repeat(17 * 1024 * 1024) }] });
  await world.append(log.entries);
  await world.relay();
  await reached(database, 281, projector);
  const { rows } = await database.pool.query('select length(fields::text) as size from clientele.records_2 where id = $1', [LogBuilder.aggregateId(900)]);
  t.ok(rows[0].size > 17 * 1024 * 1024);

  await world.nats.kill();
  await world.nats.restart();
  await world.append(history.entries.slice(280, 290));
  await eventually('the relay through', () => world.relay().then(() => true, () => false), { until: Boolean, timeoutMs: 20_000 });
  await reached(database, 291, projector);
  await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'clientele_projector'`);
  await world.append(history.entries.slice(290, 300));
  await world.relay();
  await reached(database, 301, projector);
  t.same(await database.dump(), await truth(301));
  await stopped(projector);
});

t.test('fed by the log it wants no broker, takes in what nobody relays, and has a version that it built served', async (t) => {
  const database = await world.readDatabase();
  const { incarnation } = await world.store.head();
  // As the version before left it: its records are served, and stand at 300.
  await database.pool.query(`update clientele.projections set active_version = 1 where name = 'records'; create table clientele.records_1 (id uuid)`);
  await database.pool.query(`insert into clientele.projection_checkpoints (name, version, incarnation, position) values ('records', 1, $1, 300)`, [incarnation]);
  const wayToTheLog = await tcpProxy(world.postgres.port);
  t.teardown(() => wayToTheLog.close());
  const EVENT_LOG_URL = world.logUrl.replace(`:${world.postgres.port}/`, `:${wayToTheLog.port}/`);
  const projector = await world.projector(database, { PROJECTOR_FEED: 'log', NATS_URL: '', EVENT_LOG_URL });
  await healthy(projector);
  const served = async () => (await database.pool.query<{ version: number; old: string | null }>(
    `select active_version as version, to_regclass('clientele.records_1') as old from clientele.projections where name = 'records'`)).rows[0];
  t.same(await eventually('the new version is served', served, { until: (one) => one?.version === 2, timeoutMs: 20_000 }), { version: 2, old: null });
  await reached(database, 301, projector);
  t.match(JSON.parse((await get(projector, '/projections')).text), { items: [{ version: 2, served_version: 2, served_position: '301' }, { name: 'changes', served_version: 1 }] });
  t.notMatch((await get(projector, '/health/ready', null)).text, 'broker');
  const log = new LogBuilder();
  log.change({ kind: 'create', record: 901, time: Date.now(), fields: [{ path: 'Name', value: 'of the log alone' }] });
  await world.append(log.entries);
  await reached(database, 302, projector);
  t.same(await database.dump(), await truth(302));
  await wayToTheLog.close();
  const unready = await get(projector, '/health/ready', null);
  t.match([unready.status, JSON.parse(unready.text)], [503, { failing: [{ name: 'event log' }] }], 'it cannot serve without the log');
  await stopped(projector);
});

t.test('settings that are wrong are all named, and it does not start', async (t) => {
  const database = await world.readDatabase();
  const projector = await world.projector(database, { NODE_ENV: 'production', NATS_URL: 'http://x', CHANGES_KEPT_DAYS: '3', ADMIN_API_KEYS: '' });
  t.equal(await projector.exited, 2);
  for (const variable of ['NATS_URL', 'CHANGES_KEPT_DAYS', 'ADMIN_API_KEYS']) t.match(projector.output(), variable);

  const without = await world.projector(database, { PROJECTOR_FEED: 'stream', NATS_URL: '' });
  t.equal(await without.exited, 2);
  t.match(without.output(), /cannot start: 1 setting is wrong:\n {2}NATS_URL is missing/);
  t.same(Object.keys(MigrationSettings.properties), ['LOG_LEVEL', 'READ_DATABASE_URL', 'PROJECTOR_DB_PASSWORD', 'QUERY_DB_PASSWORD'], 'the help of the migration lists what it uses');
});
