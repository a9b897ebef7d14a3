import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type EventFeed, type FeedBatch, type FeedPosition, type FeedReadOptions, type LogEntry, UnavailableError } from '@clientele/contracts';
import { InMemoryEventFeed } from '@clientele/messaging';
import { FallbackFeed, TooManyParkedError, type Projection } from '@clientele/projections';
import { parseWake, VIEWS_CHANNEL } from '@clientele/read-model';
import { eventually, startPostgres } from '@clientele/testing';
import pg from 'pg';
import t from 'tap';
import { ChangesProjection } from '../src/changes/changes-projection.ts';
import { LogBuilder, someLog } from './support/log-builder.ts';
import { bothViews, delegate, feedOf, project, ReadDatabase } from './support/projecting.ts';

const TIME = Date.parse('2025-06-05T10:00:00.000Z');

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

t.test('an entry that cannot be applied parks its record in that view alone; what follows for it waits, everything else goes on', async (t) => {
  const database = await freshDatabase();
  const log = new LogBuilder();
  log.change({ kind: 'create', record: 1, time: TIME, fields: [{ path: 'Name', value: 'Good' }] });
  log.change({ kind: 'create', record: 2, time: TIME, fields: [{ path: 'Name', value: 'Bad' }] });
  // Postgres cannot hold this in a text; the write side keeps it in a document, where it can stand.
  const poison = log.change({ kind: 'update', record: 2, time: TIME + 1, fields: [{ path: 'Status__c', value: 'a\u0000b' }] });
  log.change({ kind: 'update', record: 1, time: TIME + 2, fields: [{ path: 'Name', value: 'Better' }] });
  log.change({ kind: 'update', record: 2, time: TIME + 3, fields: [{ path: 'Status__c', value: 'fine again' }] });
  // In another way: an event that does not follow its record's version.
  const broken = log.change({ kind: 'update', record: 1, time: TIME + 4, fields: [{ path: 'Name', value: 'Best' }] });
  const entries = log.entries.map((entry): LogEntry => (entry.kind === 'event' && entry.metadata.changeId === broken ? { ...entry, version: 99 } : entry));
  log.change({ kind: 'create', record: 3, time: TIME + 5, fields: [{ path: 'Name', value: 'Third' }] });
  const last = log.entries.at(-1);
  if (last === undefined) throw new Error('no entry');
  const all = [...entries, last];

  const written = await project(database, feedOf(all), all.length);
  t.match(written.map(({ member, applied, parked, waiting }) => [member.projection.name, applied, parked.length, waiting]), [['records', 4, 2, 1], ['changes', 7, 0, 0]]);
  const { rows } = await database.pool.query('select id, version, fields::text as fields from clientele.records_2 order by id');
  t.match(rows, [
    { id: LogBuilder.aggregateId(1), version: 2, fields: '{"Name":"Better"}' },
    { id: LogBuilder.aggregateId(2), version: 1, fields: '{"Name":"Bad"}' },
    { id: LogBuilder.aggregateId(3), version: 1 },
  ]);
  const parked = await database.pool.query('select name, key, position, reason, waiting, last_position from clientele.parked_rows order by key');
  t.match(parked.rows, [
    { name: 'records', key: LogBuilder.aggregateId(1), position: '6', waiting: 0, reason: /^RangeError: version 99 does not follow 2/ },
    { name: 'records', key: LogBuilder.aggregateId(2), position: '3', waiting: 1, last_position: '5', reason: /SQLSTATE 22021/ },
  ]);
  t.notMatch(JSON.stringify(parked.rows), /fine again/);
  const { rows: changes } = await database.pool.query('select outcome from clientele.changes_1 where id = $1', [poison]);
  t.same(changes, [{ outcome: 'applied' }], 'the other view has it');

  // After a restart the parked records still wait.
  log.change({ kind: 'update', record: 2, time: TIME + 6, fields: [{ path: 'Name', value: 'later' }] });
  const more = log.entries.at(-1);
  if (more === undefined) throw new Error('no entry');
  const again = await project(database, feedOf([...all, more]), all.length + 1, { epoch: 2 });
  t.match(again.map(({ applied, parked, waiting }) => [applied, parked.length, waiting]), [[0, 0, 1], [1, 0, 0]]);
  const { rows: waiting } = await database.pool.query('select waiting, last_position from clientele.parked_rows where key = $1', [LogBuilder.aggregateId(2)]);
  t.same(waiting, [{ waiting: 2, last_position: '8' }]);
});

t.test('when more entries fail than a few bad ones explain, nothing is parked: the view stops and says so', async (t) => {
  const database = await freshDatabase();
  const log = someLog(200, 200);
  const [records, changes] = bothViews();
  if (records === undefined || changes === undefined) throw new Error('no views');
  const wrong: Projection<unknown> = { ...delegate(records), apply: () => assert.fail('this code is wrong') };
  await t.rejects(project(database, feedOf(log.entries), 200, { projections: [wrong] }), TooManyParkedError);
  t.same(await database.positions(), { records: 0 });
  t.same((await database.pool.query('select 1 from clientele.parked_rows')).rows, []);
});

t.test('entries that come again are left out; a hole is refused, and what is behind it comes when the feed has it', async (t) => {
  const database = await freshDatabase();
  const log = someLog(12);
  const at = (from: number, to: number): FeedBatch => ({ incarnation: 'log-1', entries: log.entries.slice(from - 1, to), head: 12 });
  const readings = [[at(1, 4), at(2, 6), at(8, 9)], [at(5, 9), at(9, 9)], [at(8, 12)]];
  const asked: FeedPosition[] = [];
  const bad: EventFeed = {
    async *read(after, { signal }) {
      asked.push(after);
      const reading = readings.shift();
      if (reading === undefined) throw new Error('read too often');
      yield* reading;
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    },
  };
  const failures: string[] = [];
  await project(database, bad, 9, { onFailure: (error) => failures.push(String(error)) });
  t.match(failures, [/FeedHoleError: .* is at 6, and the feed goes on at 8/]);
  await project(database, bad, 12, { epoch: 2 });
  t.same(asked.map(({ position }) => position), [0, 6, 9]);
  const once = await freshDatabase();
  await project(once, feedOf(log.entries), 12);
  t.same(await database.dump(), await once.dump());
});

t.test('another incarnation of the log empties the views and builds them from its first entry', async (t) => {
  const database = await freshDatabase();
  const old = someLog(20, 5);
  await project(database, feedOf(old.entries, 'old'), 20);
  const log = someLog(8, 3);
  await project(database, feedOf(log.entries, 'new'), 8, { epoch: 2 });
  const once = await freshDatabase();
  await project(once, feedOf(log.entries, 'new'), 8);
  t.same(await database.dump(), await once.dump());

  const behind = new InMemoryEventFeed('new');
  behind.append(someLog(20, 5).entries);
  behind.forget(15);
  await t.rejects(project(database, behind, 20, { epoch: 3 }), { name: 'BehindRetentionError' }, 'a copy of the same log that lacks entries empties nothing');
  t.same(await database.dump(), await once.dump());
});

t.test('behind the stream\'s retention the log is read until it is caught up, then the stream again', async (t) => {
  const database = await freshDatabase();
  const log = someLog(40);
  const stream = new Counted(feedOf(log.entries.slice(0, 30)));
  const whole = new Counted(feedOf(log.entries.slice(0, 30)));
  stream.feed.forget(20);
  const fallbacks: number[] = [];
  const feed = new FallbackFeed(stream, whole, ({ position }) => fallbacks.push(position));
  let reached = 0;
  const projecting = project(database, feed, 40, { maxEntries: 10, onCommit: (written) => (reached = written[0]?.member.checkpoint.position ?? 0) });
  await eventually('the log read up', () => reached, { until: (position) => position === 30 });
  stream.feed.append(log.entries.slice(30));
  await projecting;
  t.same(fallbacks, [0]);
  t.same(whole.given, [10, 20, 30]);
  t.same(stream.given, [40]);
  const once = await freshDatabase();
  await project(once, feedOf(log.entries), 40);
  t.same(await database.dump(), await once.dump());
});

t.test('each commit wakes who waits; what fails is tried again from where the views stand', async (t) => {
  const database = await freshDatabase();
  const listener = new pg.Client({ connectionString: database.url });
  await listener.connect();
  await listener.query(`listen ${VIEWS_CHANNEL}`);
  const heard: unknown[] = [];
  listener.on('notification', ({ payload }) => heard.push(parseWake(payload)));
  const log = someLog(6);
  let attempts = 0;
  const failing: EventFeed = {
    read: (after, options) => {
      attempts += 1;
      if (attempts < 3) throw new UnavailableError('the broker is away');
      return feedOf(log.entries).read(after, options);
    },
  };
  const failures: string[] = [];
  await project(database, failing, 6, { maxEntries: 3, onFailure: (error) => failures.push(String(error)) });
  t.same(failures.length, 2);
  t.same(await eventually('two notifications', () => heard, { until: (all) => all.length === 2 }), [{ records: '3', changes: '3' }, { records: '6', changes: '6' }]);
  await listener.end();
});

t.test('a text that is longer than an index takes parks no row, wherever it stands', async (t) => {
  const database = await freshDatabase();
  const log = new LogBuilder();
  const long = Array.from({ length: 6_000 }, (_, at) => createHash('sha256').update(String(at)).digest('base64')).join('');
  const fields = ['Status__c', 'ParentId', 'Name'].map((path) => ({ path, value: long }));
  log.change({ kind: 'create', record: 1, time: TIME, fields: [...fields, { path: 'IsConverted', value: true }] });
  await project(database, feedOf(log.entries), log.entries.length);
  t.same((await database.pool.query('select reason from clientele.parked_rows')).rows, []);
  t.same((await database.pool.query('select status = $1 as whole, conversion_keys from clientele.records_2', [long])).rows, [{ whole: true, conversion_keys: null }]);
});

t.test('changes are not taken in again that retention would take out at once, but for parked ones', async (t) => {
  const database = await freshDatabase();
  const log = new LogBuilder();
  log.outcome('ignored');
  log.outcome('parked');
  const young = log.outcome('rejected');
  const since = new Date(Date.parse(log.entries.at(-1)?.recordedAt ?? ''));
  await project(database, feedOf(log.entries), 3, { projections: [new ChangesProjection({ keptSince: () => since })] });
  const { rows } = await database.pool.query<{ id: string; outcome: string }>('select id, outcome from clientele.changes_1 order by outcome');
  t.match(rows, [{ outcome: 'parked' }, { id: young, outcome: 'rejected' }]);
});

/** A feed that notes the last position of each batch that it gave. */
class Counted implements EventFeed {
  readonly given: number[] = [];
  readonly feed: InMemoryEventFeed;

  constructor(feed: InMemoryEventFeed) {
    this.feed = feed;
  }

  async *read(after: FeedPosition, options: FeedReadOptions): AsyncGenerator<FeedBatch, void, undefined> {
    for await (const batch of this.feed.read(after, options)) {
      this.given.push(batch.entries.at(-1)?.position ?? 0);
      yield batch;
    }
  }
}
