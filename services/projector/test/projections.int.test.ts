import assert from 'node:assert/strict';
import { decodeRecord, parseWritten } from '@clientele/contracts';
import { InMemoryEventFeed } from '@clientele/messaging';
import { FencedError, MovedCheckpointError } from '@clientele/projections';
import { eventually, startPostgres } from '@clientele/testing';
import fc from 'fast-check';
import pg from 'pg';
import t from 'tap';
import { DEFINITION, LogBuilder, READABLE, someLog } from './support/log-builder.ts';
import { bothViews, delegate, feedOf, project, ReadDatabase } from './support/projecting.ts';
import { sentChanges } from './support/random-changes.ts';

const server = await startPostgres();
const databases: ReadDatabase[] = [];
t.teardown(async () => {
  await Promise.all(databases.map(({ pool }) => pool.end()));
  await server.stop();
});

async function freshDatabase(): Promise<ReadDatabase> {
  const database = await ReadDatabase.create(server);
  databases.push(database);
  return database;
}

t.test('what is projected step by step, with stops and restarts, is what is projected at once, and what the domain says', async (t) => {
  const [stepwise, atOnce] = await Promise.all([freshDatabase(), freshDatabase()]);
  await fc.assert(
    fc.asyncProperty(sentChanges(), fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }), fc.integer({ min: 1, max: 7 }), async (changes, stops, maxEntries) => {
      const log = new LogBuilder(DEFINITION, READABLE);
      changes.forEach((change, index) => {
        log.send(change);
        if (index % 5 === 4) log.outcome(index % 2 === 0 ? 'parked' : 'ignored');
      });
      const { entries } = log;
      const feed = feedOf(entries, `log-${log.entries.length}`);
      for (const database of [stepwise, atOnce]) await empty(database);
      let epoch = 0;
      for (const stop of [...stops.sort((one, other) => one - other), entries.length]) {
        const { records = 0 } = await stepwise.positions();
        if (records < Math.min(stop, entries.length)) await project(stepwise, feed, Math.min(stop, entries.length), { epoch: (epoch += 1), maxEntries });
      }
      await project(atOnce, feed, entries.length);
      assert.deepEqual(await stepwise.dump(), await atOnce.dump());
      const { rows } = await atOnce.pool.query<{ id: string; state: string }>('select id, state::text as state from clientele.records_2 order by id');
      assert.deepStrictEqual(
        rows.map(({ id, state }) => [id, decodeRecord(parseWritten(state))]),
        [...log.states].filter(([, { version }]) => version > 0).sort(([one], [other]) => (one < other ? -1 : 1)),
      );
    }),
    { numRuns: 25 },
  );
  t.pass('25 random histories');

  async function empty({ pool }: ReadDatabase): Promise<void> {
    await pool.query('truncate clientele.records_2, clientele.changes_1, clientele.projection_checkpoints, clientele.parked_rows');
  }
});

t.test('a view that is dropped is rebuilt from the log while the other goes on, and joins it', async (t) => {
  const database = await freshDatabase();
  const log = someLog(1_200, 50);
  await project(database, feedOf(log.entries.slice(0, 1_100)), 1_100);
  await database.pool.query(`truncate clientele.records_2`);
  await database.pool.query(`update clientele.projection_checkpoints set position = 0, incarnation = null where name = 'records'`);
  const order: string[] = [];
  await project(database, feedOf(log.entries), 1_200, {
    epoch: 2,
    maxEntries: 100,
    aloneBehind: 1_000,
    onCommit: (written) => order.push(written.map(({ member }) => `${member.projection.name}@${member.checkpoint.position}`).join('+')),
  });
  t.ok(order.indexOf('changes@1200') < order.indexOf('records@1100'), `changes did not wait: ${order.join(' ')}`);
  const once = await freshDatabase();
  await project(once, feedOf(log.entries), 1_200);
  t.same(await database.dump(), await once.dump());
});

t.test('statements whose plans were made while the views were empty never read a grown view whole', async (t) => {
  const { pool } = await freshDatabase();
  // One connection, which keeps its plans: the seventh batch is written by the one that all values share.
  const writer = new pg.Pool({ ...pool.options, max: 1 });
  const log = someLog(40, 20);
  await project({ pool: writer }, feedOf(log.entries), 40, { maxEntries: 4 });
  await pool.query(`insert into clientele.records_2 select filled.* from clientele.records_2 r, generate_series(1, 1000) n,
    jsonb_populate_record(r, jsonb_build_object('id', md5(n::text)::uuid)) filled where r.id = (select id from clientele.records_2 limit 1)`);
  await pool.query(`insert into clientele.changes_1 select filled.* from clientele.changes_1 c, generate_series(1, 1000) n,
    jsonb_populate_record(c, jsonb_build_object('id', c.id || n)) filled where c.id = (select id from clientele.changes_1 limit 1)`);
  const { rows: kept } = await writer.query<{ name: string; generic: boolean }>('select name, generic_plans > 0 as generic from pg_prepared_statements where name like \'load %\' order by name');
  t.strictSame(kept, [{ name: 'load clientele.changes_1', generic: true }, { name: 'load clientele.records_2', generic: true }]);
  const [records, changes] = [
    await explained(`execute "load clientele.records_2"('{${log.entries.find(({ kind }) => kind === 'event')?.id}}')`),
    await explained(`execute "load clientele.changes_1"('{2026-01-01}', '{x}')`),
  ];
  t.match(records, /Index Scan/);
  t.notMatch(`${records}${changes}`, /Seq Scan on records|Seq Scan on changes/);
  await writer.end();

  async function explained(statement: string): Promise<string> {
    const { rows } = await writer.query<{ 'QUERY PLAN': string }>(`explain ${statement}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  }
});

t.test('who lost the lease commits nothing; what it had begun before is in', async (t) => {
  const database = await freshDatabase();
  const log = someLog(10);
  await project(database, feedOf(log.entries.slice(0, 4)), 4, { epoch: 1 });
  const before = await database.dump();
  await database.pool.query('update clientele.projection_checkpoints set epoch = 2');
  await t.rejects(project(database, feedOf(log.entries), 10, { epoch: 1, fence: false }), FencedError, 'at the start');
  t.same(await database.dump(), before);

  // A batch that is under way when the next owner comes: he waits for it, and goes on from there.
  let begun = false;
  let finish: () => void = () => {};
  const waiting = new Promise<void>((resolve) => (finish = resolve));
  const underWay = project(database, feedOf(log.entries.slice(0, 7)), 7, {
    epoch: 3,
    projections: bothViews().map((projection) => ({
      ...delegate(projection),
      async save(db: pg.ClientBase, views: readonly unknown[]) {
        begun = true;
        await waiting;
        await projection.save(db, views);
      },
    })),
  });
  await eventually('a batch under way', () => begun, { until: Boolean });
  const next = project(database, feedOf(log.entries), 10, { epoch: 5 });
  await eventually('the next owner waiting', async () => (await database.pool.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%projection_checkpoints%'`)).rowCount, { until: (count) => count === 1 });
  finish();
  await Promise.all([underWay, next]);
  const once = await freshDatabase();
  await project(once, feedOf(log.entries), 10);
  t.same(await database.dump(), await once.dump());
});

t.test('a checkpoint that is not where its owner left it: he loads it anew and goes on', async (t) => {
  const log = someLog(20);
  const once = await freshDatabase();
  await project(once, feedOf(log.entries), 20);
  for (const [what, change] of [
    // As if the last commits had not reached the disk: the rows are applied again.
    ['a crash of the server took it back', 'position = 3'],
    ['it stands in another log', "incarnation = 'log-0'"],
  ] as const) {
    const database = await freshDatabase();
    const feed = new InMemoryEventFeed('log-1');
    feed.append(log.entries.slice(0, 5));
    let at = 0;
    const failures: unknown[] = [];
    const following = project(database, feed, 20, { epoch: 1, onCommit: (written) => (at = written[0]?.member.checkpoint.position ?? 0), onFailure: (error) => failures.push(error) });
    await eventually('the owner at work', () => at, { until: (position) => position === 5 });
    await database.pool.query(`update clientele.projection_checkpoints set ${change}`);
    feed.append(log.entries.slice(5));
    await following;
    t.same(await database.positions(), await once.positions(), what);
    t.ok(failures.length === 1 && failures[0] instanceof MovedCheckpointError, what);
  }
});

t.test('two owners at once: the older epoch is rolled back whole at its next commit', async (t) => {
  const database = await freshDatabase();
  const log = someLog(30);
  const feed = new InMemoryEventFeed('log-1');
  feed.append(log.entries.slice(0, 10));
  let old = 0;
  const stale = project(database, feed, 30, { epoch: 1, onCommit: (written) => (old = written[0]?.member.checkpoint.position ?? 0), onFailure: () => {} });
  await eventually('the first owner at work', () => old, { until: (position) => position === 10 });
  const { pool } = database;
  await pool.query('update clientele.projection_checkpoints set epoch = 2');
  feed.append(log.entries.slice(10, 20));
  await t.rejects(stale, FencedError);
  t.same(await database.positions(), { records: 10, changes: 10 });
  feed.append(log.entries.slice(20));
  await project(database, feed, 30, { epoch: 3 });
  const once = await freshDatabase();
  await project(once, feedOf(log.entries), 30);
  t.same(await database.dump(), await once.dump());
});

t.test('a crash at any fault point loses nothing and doubles nothing', async (t) => {
  const log = someLog(20);
  const once = await freshDatabase();
  const points = new Set<string>();
  await project(once, feedOf(log.entries), 20, { maxEntries: 5, faultPoint: (name) => points.add(name) });
  t.same([...points], ['projection.begun', 'projection.advanced', 'projection.records.written', 'projection.changes.written', 'projection.before-commit', 'projection.committed']);
  for (const point of points) {
    const database = await freshDatabase();
    let reached = 0;
    const crash = (name: string): void => {
      if (name === point && (reached += 1) === 2) throw new Error(`crash at ${point}`);
    };
    await t.rejects(project(database, feedOf(log.entries), 20, { maxEntries: 5, faultPoint: crash }), { message: `crash at ${point}` });
    t.same(await database.positions(), point === 'projection.committed' ? { records: 10, changes: 10 } : { records: 5, changes: 5 }, point);
    await project(database, feedOf(log.entries), 20, { epoch: 2 });
    t.same(await database.dump(), await once.dump(), point);
  }
});
