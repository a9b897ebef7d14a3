import { createLogger } from '@clientele/service-kit';
import { startPostgres } from '@clientele/testing';
import t from 'tap';
import { keepChanges, tidyChanges } from '../src/retention/keep-changes.ts';
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
    return await new ViewStatusReader(database.pool, { head: async () => head, readAll }, () => now).read([{ name: 'records', version: 1 }, { name: 'absent', version: 1 }]);
  };
  const recorded = Date.parse(log.entries[6]?.recordedAt ?? '');
  t.match(await read({ incarnation: 'log-1', position: 6 }), [{ name: 'records', state: 'current', position: 6, lagEvents: 0, lagSeconds: 0, parked: 0 }]);
  t.match(await read({ incarnation: 'log-1', position: 10 }, recorded + 4_000), [{ lagEvents: 4, lagSeconds: 4, state: 'catching_up' }]);
  t.match(await read({ incarnation: 'log-1', position: 10 }, Date.now() + 31_000), [{ lagEvents: 4, state: 'stalled' }]);
  t.match(await read({ incarnation: 'log-2', position: 3 }), [{ position: 0, lagEvents: 3 }]);
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
