import { UnavailableError, type ExpectedVersion, type LogEntry } from '@clientele/contracts';
import { eventually, tcpProxy } from '@clientele/testing';
import pg from 'pg';
import t, { type Test } from 'tap';
import { PostgresLogFeed, type CommitUnit } from '../src/index.ts';
import { appendParameters } from '../src/postgres/append-parameters.ts';
import { prepareUnit } from '../src/prepared-unit.ts';
import {
  askedRead, changeId, event, events, ledgerRow, mapping, newPlan, outcome, reading, resettlement, step, streamId, unit, write,
} from './contract/units.ts';
import { server, writeDatabase, type WriteDatabase } from './support.ts';

const postgres = await server(t);
const RACERS = 20;
/** Tables that a commit leaves alone. */
const OTHERS = ['leases', 'lease_members', 'relay_state', 'snapshots', 'migrations', 'sources', 'api_calls'];

/** One call of the append inside the client's own transaction, so that a test can hold it open. */
async function appendBy(client: pg.Client, ...units: CommitUnit[]): Promise<void> {
  const values = [60_000, ...appendParameters(units.map(prepareUnit), false)];
  await client.query(`select clientele.append_group(${values.map((_, n) => `$${n + 1}`).join()})`, values);
}

async function clientOf(t: Test, database: WriteDatabase): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  client.on('error', () => {});
  await client.connect();
  t.teardown(async () => await client.end().catch(() => {}));
  return client;
}

const positions = (entries: readonly LogEntry[]): number[] => entries.map(({ position }) => position);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

t.test('racers in processes of their own', async (t) => {
  const database = await writeDatabase(t, postgres);
  const stores = Array.from({ length: RACERS }, () => database.store({ lockTimeoutMs: 30_000 }, { max: 1 }));
  const cases: readonly [ExpectedVersion, number][] = [[3, 1], ['none', 1], ['exists', RACERS], ['any', RACERS]];
  for (const [expected, winners] of cases) {
    const id = streamId();
    const before = expected === 'none' ? 0 : 3;
    if (before > 0) await stores[0]?.append([write(id, 'none', { events: events(before) })]);
    const start = (await stores[0]?.head())?.position ?? 0;
    const racing = await Promise.allSettled(stores.map((store) => store.append([write(id, expected)])));
    const lost = racing.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    t.equal(RACERS - lost.length, winners, `${winners} of ${RACERS} that expect ${expected} get their way`);
    for (const error of lost) t.match(error, { name: 'ConcurrencyError', streamId: id, expected, actual: before + 1 });
    t.same((await stores[0]?.readStream(id))?.map(({ version }) => version), upTo(before + winners));
    t.same(positions((await stores[0]?.readAll(start, 100)) ?? []), upTo(winners).map((n) => start + n), 'positions are dense');
  }
});

t.test('creators of one record in processes of their own make one aggregate', async (t) => {
  const database = await writeDatabase(t, postgres);
  const stores = Array.from({ length: RACERS }, () => database.store({ lockTimeoutMs: 30_000 }, { max: 1 }));
  const results = await Promise.all(stores.map(async (store) => {
    const id = streamId();
    const [result] = await store.commit([unit({ writes: [write(id, 'none')], mappings: [mapping('A', id)], ledger: [ledgerRow(changeId())] })]);
    return { id, result };
  }));
  const winner = results.find(({ result }) => result?.status === 'committed');
  t.ok(winner);
  const others = results.filter((each) => each !== winner);
  t.equal(others.length, RACERS - 1);
  for (const { result } of others) t.match(result, { status: 'mapping_conflict', key: { externalId: 'A' }, aggregateId: winner?.id ?? '' });
  t.equal((await stores[0]?.head())?.position, 1);
});

t.test('an append that is held open after it drew its positions', async (t) => {
  const database = await writeDatabase(t, postgres);
  const holder = await clientOf(t, database);
  const patient = database.store({ lockTimeoutMs: 30_000 });
  const hasty = database.store({ lockTimeoutMs: 100 });
  const reading = new AbortController();
  const seen: number[] = [];
  const feed = new PostgresLogFeed(database.pool('clientele_log_reader'));
  const reader = (async () => {
    for await (const { entries } of feed.read({ incarnation: null, position: 0 }, { signal: reading.signal })) seen.push(...positions(entries));
  })();
  const [known, held] = [streamId(), streamId()];
  await patient.append([write(known, 'none')]);

  await holder.query('begin');
  await appendBy(holder, unit({ writes: [write(held, 'none', { events: events(2) })] }));
  const waiting = patient.append([write(streamId(), 'none')]);
  await t.rejects(hasty.append([write(streamId(), 'none')]), UnavailableError, 'who does not want to wait longer is told');
  t.equal((await patient.readStream(known)).length, 1, 'reads go on');
  t.same(positions(await patient.readAll(0, 10)), [1], 'and see nothing of it');
  t.equal((await patient.head()).position, 1);
  t.same(await patient.readStream(held), []);

  await holder.query('commit');
  t.match(await waiting, [{ firstPosition: 4 }], 'who waited comes after it');
  await eventually('the reader', () => seen, { until: ({ length }) => length >= 4 });
  t.same(seen, [1, 2, 3, 4], 'no reader misses or reorders anything');
  reading.abort();
  await reader;
});

t.test('an append that is held open and then given up leaves no gap', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store({ lockTimeoutMs: 30_000 });
  const holder = await clientOf(t, database);
  await holder.query('begin');
  await appendBy(holder, unit({ writes: [write(streamId(), 'none', { events: events(3) })] }));
  const waiting = store.append([write(streamId(), 'none')]);
  await holder.query('rollback');
  t.match(await waiting, [{ firstPosition: 1 }]);
});

t.test('readers see every position once, in order, while several processes append', async (t) => {
  const database = await writeDatabase(t, postgres);
  const stores = Array.from({ length: 4 }, () => database.store({ lockTimeoutMs: 30_000 }));
  const reading = new AbortController();
  const seen: number[] = [];
  const feed = new PostgresLogFeed(database.pool('clientele_log_reader'));
  const reader = (async () => {
    for await (const { entries } of feed.read({ incarnation: null, position: 0 }, { signal: reading.signal, maxEntries: 7 })) seen.push(...positions(entries));
  })();
  await Promise.all(stores.map(async (store) => {
    for (let round = 0; round < 25; round += 1) {
      await Promise.all([store.append([write(streamId(), 'none', { events: events(2) })]), store.commit([unit({ outcomes: [outcome(changeId())] })])]);
    }
  }));
  await eventually('the reader', () => seen.length, { until: (length) => length >= 300 });
  t.same(seen, upTo(300));
  reading.abort();
  await reader;
});

t.test('an append whose answer is lost is repeated and gets its first positions', async (t) => {
  const database = await writeDatabase(t, postgres);
  const proxy = await tcpProxy(database.port);
  t.teardown(async () => await proxy.close());
  const store = database.store({}, { port: proxy.port });
  const observer = database.store();
  await store.append([write(streamId(), 'none')]);
  const writes = [write(streamId(), 'none', { events: events(2) }), write(streamId(), 'none')];
  proxy.pauseAnswers();
  const lost = store.append(writes);
  await eventually('the append to be stored', async () => (await observer.head()).position, { until: (position) => position === 4 });
  proxy.cut();
  await t.rejects(lost, UnavailableError);
  proxy.resume();
  const again = await store.append(writes);
  t.match(again, [{ firstPosition: 2, lastPosition: 3, repeated: true }, { firstPosition: 4, lastPosition: 4, repeated: true }]);
  t.equal((await store.head()).position, 4);
});

t.test('a crash between any two statements leaves nothing', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  await database.fenceLane('commands.0', 1);
  const [id, known, again, parked] = [streamId(), streamId(), changeId(), changeId()];
  await store.commit([unit({
    writes: [write(known, 'none')], ledger: [ledgerRow(again), ledgerRow(parked, { outcome: 'parked', payload: '{"a":1}' })],
    reads: [askedRead('answered', 1), askedRead('later', 9)], lane: step('commands.0', 1, null),
  })]);
  const [applied, ignored] = [changeId(), changeId()];
  const whole = unit({
    writes: [write(id, 'none', { commandId: applied, events: events(2) }), write(known, 1)], outcomes: [outcome(ignored)], mappings: [mapping('A', id)],
    ledger: [ledgerRow(applied), ledgerRow(ignored, { outcome: 'ignored' })], repeats: [{ commandId: again, count: 2 }], lane: step('commands.0', 1, 1),
    reads: [askedRead('A', 5), askedRead('later', 10)], readings: [reading('answered', 5), reading('later', 5)], plans: [newPlan()],
    resettled: [resettlement(parked, { edited: { by: 'admin', reason: 'a typo' } })],
  });
  const { rows: [definition] } = await database.owner.query<{ source: string }>("select pg_get_functiondef('clientele.append_group'::regproc) as source");
  const source = definition?.source ?? '';
  const points = [...source.matchAll(/-- fault: (\w+)/g)].map(([, name]) => name ?? '');
  t.ok(points.length >= 18, `there are ${points.length} points: ${points.join(', ')}`);
  const before = await contents(database);
  const conflicting = unit({ writes: [write(streamId(), 5)] });
  for (const units of [[whole], [whole, conflicting]]) {
    for (const point of points) {
      // Positions are only given back where a unit of the group is refused.
      if (point === 'log_head' && units.length === 1) continue;
      // Ends its own connection there, as the end of the server's process would; the nap is where it is noticed.
      await database.owner.query(source.replace(`-- fault: ${point}\n`, 'PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10);\n'));
      const [result] = await Promise.allSettled([store.commit(units)]);
      t.ok(result.status === 'rejected' && result.reason instanceof UnavailableError, `${units.length} units, ${point}: killed there`);
      t.strictSame(await contents(database), before, `${units.length} units, ${point}: everything is as before`);
    }
  }
  await database.owner.query(source);
  t.match(await store.commit([whole, conflicting]), [{ status: 'committed', writes: [{ version: 2 }, { version: 2 }] }, { status: 'conflict', actual: 0 }]);
  const after = await contents(database);
  for (const [table, rows] of Object.entries(before)) {
    if (!OTHERS.includes(table)) t.not(after[table], rows, `${table} is part of the unit`);
  }
});

/** Every row of every table, as one text a table. */
async function contents({ owner }: WriteDatabase): Promise<Record<string, string>> {
  const { rows } = await owner.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'clientele'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1",
  );
  const found: Record<string, string> = {};
  for (const { name } of rows) {
    const { rows: [table] } = await owner.query<{ text: string }>(`select coalesce(string_agg(x::text, E'\\n' order by x::text), '') as text from clientele.${name} x`);
    found[name] = table?.text ?? '';
  }
  return found;
}

t.test('the log goes on into a partition that nobody made', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  await database.owner.query('update clientele.log_head set position = 4999997');
  const id = streamId();
  t.match(await store.append([write(id, 'none', { events: events(2) })]), [{ firstPosition: 4_999_998, lastPosition: 4_999_999 }]);
  const partitions = async (): Promise<number> => {
    const { rows } = await database.owner.query("select 1 from pg_inherits where inhparent = 'clientele.events'::regclass");
    return rows.length;
  };
  t.equal(await partitions(), 1);
  t.match(await store.commit([unit({ writes: [write(id, 2, { events: events(3) })], outcomes: [outcome(changeId())] })]), [{ status: 'committed' }]);
  t.equal(await partitions(), 2);
  t.same((await store.readStream(id)).map(({ position }) => position), [4_999_998, 4_999_999, 5_000_000, 5_000_001, 5_000_002]);
  t.same(positions(await store.readAll(4_999_998, 10)), [4_999_999, 5_000_000, 5_000_001, 5_000_002, 5_000_003]);
});

t.test('a database that is away is unavailable, and comes back', async (t) => {
  const database = await writeDatabase(t, postgres);
  const proxy = await tcpProxy(database.port);
  const store = database.store({}, { port: proxy.port });
  await store.append([write(streamId(), 'none')]);
  proxy.cut();
  await eventually('the store to be back', async () => (await store.head()).position === 1);
  await proxy.close();
  await t.rejects(store.append([write(streamId(), 'none')]), UnavailableError);
  await t.rejects(store.load({ keys: [], commandIds: ['x'] }), UnavailableError);
  await t.rejects(store.readStream(streamId()), UnavailableError);
});

t.test('what one group may hold is bounded, and so is what may wait', async (t) => {
  const database = await writeDatabase(t, postgres);
  const holder = await clientOf(t, database);
  const store = database.store({ lockTimeoutMs: 30_000, limits: { maxUnits: 10, maxQueuedUnits: 25 } });
  await holder.query('begin');
  await appendBy(holder, unit({ writes: [write(streamId(), 'none')] }));
  const first = store.append([write(streamId(), 'none')]);
  await eventually('the first group to be under way', async () => {
    const { rows } = await database.owner.query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
    return rows.length === 1;
  });
  const waiting = Array.from({ length: 25 }, () => store.append([write(streamId(), 'none')]));
  await t.rejects(store.append([write(streamId(), 'none', { events: [event()] })]), UnavailableError);
  await holder.query('commit');
  await Promise.all([first, ...waiting]);
  t.equal((await store.head()).position, 27);
  await store.drained();
});
