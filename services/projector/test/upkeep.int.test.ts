import { createLogger } from '@clientele/service-kit';
import { parseWake, VIEWS_CHANNEL } from '@clientele/read-model';
import { eventually, startPostgres } from '@clientele/testing';
import pg from 'pg';
import t from 'tap';
import { keepChanges, tidyChanges } from '../src/retention/keep-changes.ts';
import { serveWhenBuilt } from '../src/serving/serve-when-built.ts';
import { ViewStatusReader } from '../src/status/view-status.ts';
import { LogBuilder, someLog } from './support/log-builder.ts';
import { feedOf, project, ReadDatabase } from './support/projecting.ts';

const server = await startPostgres();
const database = await ReadDatabase.create(server);
t.teardown(async () => {
  await database.pool.end();
  await server.stop();
});

const logger = createLogger('test', { LOG_LEVEL: 'silent' });

t.test('a view is current, catches up, or stalls, by the log itself; a place in another log counts for nothing', async (t) => {
  const log = someLog(10);
  await project(database, feedOf(log.entries.slice(0, 6), 'log-1'), 6);
  const read = async (head: { incarnation: string; position: number }, now = Date.now()) => {
    const readAll = async (after: number) => log.entries.slice(after, after + 1);
    return await new ViewStatusReader(database.pool, { head: async () => head, readAll }, () => now).read([{ name: 'records', version: 2 }, { name: 'absent', version: 1 }]);
  };
  const recorded = Date.parse(log.entries[6]?.recordedAt ?? '');
  t.match(await read({ incarnation: 'log-1', position: 6 }), [{ name: 'records', state: 'current', position: 6, lagEvents: 0, lagSeconds: 0, parked: 0, served: { version: 2, position: 6 } }]);
  t.match(await read({ incarnation: 'log-1', position: 10 }, recorded + 4_000), [{ lagEvents: 4, lagSeconds: 4, state: 'catching_up' }]);
  t.match(await read({ incarnation: 'log-1', position: 10 }, Date.now() + 31_000), [{ lagEvents: 4, state: 'stalled' }]);
  t.match(await read({ incarnation: 'log-2', position: 3 }), [{ position: 0, lagEvents: 3 }]);
});

t.test('while a version is built, the one before is what readers see, and nobody is told of positions that they cannot see', async (t) => {
  const other = await ReadDatabase.create(server);
  const listener = new pg.Client({ connectionString: other.url });
  await listener.connect();
  await listener.query(`listen ${VIEWS_CHANNEL}`);
  const heard: unknown[] = [];
  listener.on('notification', ({ payload }) => heard.push(parseWake(payload)));
  await other.pool.query(`update clientele.projections set active_version = 1 where name = 'records';
    create table clientele.records_1 (id uuid);
    insert into clientele.projection_checkpoints (name, version, incarnation, position) values ('records', 1, 'log-1', 8)`);
  const log = someLog(10);
  await project(other, feedOf(log.entries), 6, { maxEntries: 6 });
  const status = async () => (await new ViewStatusReader(other.pool, { head: async () => ({ incarnation: 'log-1', position: 10 }), readAll: async () => [] }, Date.now).read([{ name: 'records', version: 2 }]))[0];
  t.match(await status(), { version: 2, position: 6, lagEvents: 4, served: { version: 1, position: 8 } });
  const ending = new AbortController();
  let served = false;
  const serving = serveWhenBuilt({ pool: other.pool, logger }, ending.signal).then(() => (served = true));
  await project(other, feedOf(log.entries), 10, { epoch: 2 });
  await eventually('the new version is served', () => served, { until: Boolean });
  await serving;
  t.match(await status(), { version: 2, position: 10, served: { version: 2, position: 10 } });
  t.same(heard, [{ changes: '6' }, { changes: '10' }]);
  await listener.end();
  await other.pool.end();
});

t.test('upkeep drops what is expired, in partitions and beside them, and keeps what is parked', async (t) => {
  const other = await ReadDatabase.create(server);
  const log = new LogBuilder();
  log.change({ kind: 'create', record: 1, time: Date.parse('2025-06-01T10:00:00Z'), fields: [{ path: 'Name', value: 'Acme' }] });
  log.change({ kind: 'create', record: 2, time: Date.parse('2019-01-01T10:00:00Z'), fields: [{ path: 'Name', value: 'Old' }] });
  log.outcome('parked', '20190101-parked');
  const parts = { pool: other.pool, version: 1, keptDays: 30, logger };
  const at = (day: string) => ({ ...parts, now: () => new Date(`${day}T12:00:00Z`) });
  const { signal } = new AbortController();
  const left = async () => (await other.pool.query<{ id: string }>('select id from clientele.changes_1 order by id')).rows.map(({ id }) => id.slice(0, 8));

  await tidyChanges(at('2025-06-01'), signal);
  await project(other, feedOf(log.entries), 3);
  await tidyChanges(at('2025-06-30'), signal);
  t.same(await left(), ['20190101', '20190101', '20250601'], 'an old change that came lately is kept as long as any');
  await tidyChanges(at('2025-07-03'), signal);
  t.same(await left(), ['20190101'], 'only what is parked');

  const ending = new AbortController();
  let looks = 0;
  const failing = keepChanges({ ...parts, now: () => { looks += 1; ending.abort(); throw new Error('no time'); } }, ending.signal);
  await t.resolves(failing, 'a failure of the upkeep is logged, and ends nothing');
  t.equal(looks, 1);
  await other.pool.end();
});
