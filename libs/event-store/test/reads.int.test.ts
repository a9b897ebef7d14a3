import t, { type Test } from 'tap';
import type pg from 'pg';
import { eventually } from '@clientele/testing';
import {
  connectSource, countReads, drawReadNumbers, listSources, maintainWriteDatabase, noteSource, releaseReads, reopenReads, rescheduleRead, rescheduleReads, takeReads,
  type AskedRead, type PostgresEventStore, type TakenRead,
} from '../src/index.ts';
import { askedRead, clockAt, reading, SOURCE, streamId, unit } from './contract/units.ts';
import { server, writeDatabase, type WriteDatabase } from './support.ts';

const postgres = await server(t);

interface Reads {
  readonly database: WriteDatabase;
  readonly pool: pg.Pool;
  readonly store: PostgresEventStore;
  ask(...reads: AskedRead[]): Promise<void>;
  take(options?: Partial<Parameters<typeof takeReads>[1]>): Promise<TakenRead[]>;
  /** The row of a record, as text. */
  row(externalId: string): Promise<string | null>;
}

async function open(t: Test): Promise<Reads> {
  const database = await writeDatabase(t, postgres);
  const [pool, store] = [database.pool(), database.store()];
  return {
    database, pool, store,
    ask: async (...reads) => void t.match(await store.commit([unit({ reads })]), [{ status: 'committed' }]),
    take: async (options) => await takeReads(pool, { source: SOURCE, limit: 100, ...options }),
    row: async (externalId) => {
      const { rows: [row] } = await database.owner.query<{ row: string }>(
        `select concat_ws(' ', state, attempts, case when due_at > now() then 'later' when due_at <= now() then 'now' end) as row from clientele.reads where external_id = $1`, [externalId],
      );
      return row?.row ?? null;
    },
  };
}

const ids = (reads: readonly TakenRead[]): string[] => reads.map(({ externalId }) => externalId);
const inSeconds = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

t.test('reads are taken lane by lane, the longest due first, and each once', async (t) => {
  const { ask, take, pool } = await open(t);
  await ask(
    askedRead('late gap', 5), askedRead('gap', 1), askedRead('drift', 0, { reason: 'reconciliation.drift' }), askedRead('repair', 0, { reason: 'repair' }),
    askedRead('create', 9, { reason: 'missing_create' }), askedRead('not yet', 1, { notBefore: inSeconds(60).toISOString() }),
    askedRead('elsewhere', 1, { source: 'another' }),
  );
  t.same(ids(await take({ limit: 2 })), ['create', 'gap']);
  t.same(ids(await take({ lanes: ['repair', 'live'] })), ['repair'], 'only the lanes that may be');
  const [gap, ...rest] = await take();
  t.match(gap, {
    source: SOURCE, entity: 'Account', externalId: 'late gap', provider: 'salesforce', reason: 'gap', lane: 'gap', since: clockAt(5), attempts: 1,
    requestedAt: /^\d{4}-.*Z$/,
  });
  t.same(ids(rest), ['drift']);
  t.same(await take(), []);
  t.match(await countReads(pool), [
    { source: 'another', lane: 'gap', state: 'open', count: 1 }, { source: SOURCE, lane: 'live', state: 'taken', count: 1 }, { source: SOURCE, lane: 'gap', state: 'open', count: 1 },
    { source: SOURCE, lane: 'gap', state: 'taken', count: 2 }, { source: SOURCE, lane: 'repair', state: 'taken', count: 1 },
    { source: SOURCE, lane: 'reconciliation', state: 'taken', count: 1 },
  ]);
});

t.test('what is taken and not closed is taken again', async (t) => {
  const { ask, take, store, pool } = await open(t);
  await ask(askedRead('A', 1));
  const [first] = await take({ takenForMs: 0 });
  const [second] = await take();
  t.match([first, second], [{ attempts: 1 }, { attempts: 2 }]);
  t.same(await take(), []);
  t.equal(await rescheduleRead(pool, { read: first!, notBefore: inSeconds(0), error: 'late' }), false, 'the earlier taking is over');
  await store.commit([unit({ readings: [reading('A', 2)] })]);
  t.equal(await rescheduleRead(pool, { read: second!, notBefore: inSeconds(0), error: 'late' }), false, 'and this one is closed');
});

t.test('racing takers and an asker get each read once', async (t) => {
  const { ask, store, database, take } = await open(t);
  const count = 600;
  await ask(...Array.from({ length: count }, (_, n) => askedRead(`A${n}`, 1)));
  const pools = Array.from({ length: 4 }, () => database.pool());
  const taken: string[] = [];
  const takers = pools.map(async (pool) => {
    for (let found = 1; found > 0;) {
      const reads = await takeReads(pool, { source: SOURCE, limit: 25 });
      found = reads.length;
      taken.push(...ids(reads));
    }
  });
  const asker = (async () => {
    for (let n = 0; n < 20; n += 1) await store.commit([unit({ reads: [askedRead(`A${n * 7}`, 2)], readings: [reading(`A${n * 11}`, 1)] })]);
  })();
  await Promise.all([...takers, asker]);
  // What the asker or its readings held for a moment was passed over.
  taken.push(...ids(await take({ limit: count })));
  t.equal(new Set(taken).size, count);
  t.equal(taken.length, count);
});

t.test('a taker does not wait for a row that another transaction holds', async (t) => {
  const { ask, take, database } = await open(t);
  await ask(askedRead('A', 1), askedRead('B', 2));
  const holder = await database.owner.connect();
  await holder.query('begin');
  await holder.query("select from clientele.reads where external_id = 'A' for update");
  t.same(ids(await take()), ['B']);
  await holder.query('rollback');
  holder.release();
  t.same(ids(await take()), ['A']);
});

t.test('a read whose since grew while it was taken stays asked for', async (t) => {
  const { ask, take, store, row } = await open(t);
  await ask(askedRead('A', 10), askedRead('B', 10));
  await take();
  await ask(askedRead('A', 20));
  await store.commit([unit({ readings: [reading('A', 15), reading('B', 15)] })]);
  t.equal(await row('A'), 'open 0 later', 'a little later');
  t.equal(await row('B'), null);
  await store.commit([unit({ readings: [reading('A', 21)] })]);
  t.equal(await row('A'), null, 'a reading that was not asked for answers it too');
});

t.test('a reading that is too early opens what was taken, not before the time of its since', async (t) => {
  const { ask, take, store, database } = await open(t);
  const ahead = 3600 + (Date.now() - Date.parse(reading('A', 0).from)) / 1000;
  await ask(askedRead('A', ahead, { notBefore: inSeconds(-1).toISOString() }));
  await take();
  await store.commit([unit({ readings: [reading('A', 1)] })]);
  const { rows } = await database.owner.query<{ wait: number }>('select extract(epoch from not_before - now())::float as wait from clientele.reads');
  t.ok(Math.abs((rows[0]?.wait ?? NaN) - 3605) < 30, `${rows[0]?.wait} s`);
});

t.test('what could not be read is put off, or given up until something later asks for it', async (t) => {
  const { ask, take, pool, row, store } = await open(t);
  await ask(askedRead('A', 1), askedRead('B', 1), askedRead('C', 1), askedRead('D', 1));
  const taken = new Map((await take()).map((read) => [read.externalId, read]));
  await ask(askedRead('D', 2));
  const error = 'HTTP 404\0';
  t.equal(await rescheduleReads(pool, [
    { read: taken.get('A')!, notBefore: inSeconds(60), error }, { read: taken.get('B')!, notBefore: inSeconds(-1), error, attempts: 0 },
    { read: taken.get('C')!, notBefore: inSeconds(0), error, giveUp: true }, { read: taken.get('D')!, notBefore: inSeconds(60), error, giveUp: true },
  ]), 4);
  t.same([await row('A'), await row('B'), await row('C'), await row('D')], ['open 1 later', 'open 0 now', 'given_up 1', 'open 1 later']);
  t.same(ids(await take()), ['B']);
  await ask(askedRead('A', 3, { notBefore: inSeconds(0).toISOString() }), askedRead('C', 1, { reason: 'window' }));
  t.same(await take(), [], 'a new request does not hasten what failed, nor does the same one bring back what was given up');
  await ask(askedRead('C', 2, { notBefore: inSeconds(-1).toISOString() }));
  t.match(await take(), [{ externalId: 'C', attempts: 1, reason: 'gap' }]);
  t.equal(await reopenReads(pool, SOURCE), 2);
  t.same(ids(await take()).sort(), ['A', 'D']);
  await store.commit([unit({ readings: ['A', 'B', 'C', 'D'].map((id) => reading(id, 9)) })]);
  t.same(await countReads(pool), []);
});

t.test('what puts reads back waits for an append before it touches any, so that neither waits for the other', async (t) => {
  const { ask, take, pool, database } = await open(t);
  await ask(askedRead('A', 1));
  const [read] = await take();
  const appending = await database.owner.connect();
  await appending.query('begin');
  await appending.query('select from clientele.log_head for update');
  let isBack = false;
  const back = rescheduleRead(pool, { read: read!, notBefore: inSeconds(0), error: 'late' }).finally(() => (isBack = true));
  await eventually('it waits', async () => {
    const { rowCount } = await database.owner.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%reschedule_reads%'");
    return isBack || rowCount === 1;
  });
  t.equal(isBack, false);
  await appending.query("select from clientele.reads where external_id = 'A' for update nowait");
  await appending.query('rollback');
  appending.release();
  t.equal(await back, true);
});

t.test('what a reader took and left is due for the next one at once, and counts as no attempt', async (t) => {
  const { ask, take, pool, row } = await open(t);
  await ask(askedRead('A', 1), askedRead('elsewhere', 1, { source: 'another' }));
  await take();
  await take({ source: 'another' });
  t.equal(await releaseReads(pool, SOURCE), 1);
  t.same([await row('A'), await row('elsewhere')], ['open 0 now', 'taken 1 later']);
});

t.test('what was given up is forgotten after 30 days', async (t) => {
  const { ask, take, pool, database } = await open(t);
  await ask(askedRead('A', 1), askedRead('B', 1), askedRead('C', 1));
  const taken = await take();
  await rescheduleReads(pool, taken.slice(0, 2).map((read) => ({ read, notBefore: inSeconds(0), error: 'x', giveUp: true })));
  await database.owner.query("update clientele.reads set not_before = now() - interval '40 days' where external_id <> $1", [taken[0]?.externalId]);
  await maintainWriteDatabase(pool);
  t.match(await countReads(pool), [{ state: 'given_up', count: 1 }, { state: 'taken', count: 1 }]);
});

t.test('a source is made known once, and its readers number their reads', async (t) => {
  const pool = (await writeDatabase(t, postgres)).pool();
  t.equal(await drawReadNumbers(pool, SOURCE, 1), null, 'a source that nobody connected');
  t.equal(await noteSource(pool, SOURCE, { generation: '1' }), null);
  const known = await connectSource(pool, SOURCE, 'salesforce');
  t.match(known, { source: SOURCE, provider: 'salesforce', generation: null, lastChangeAt: null, loadPlan: null });
  const [later, earlier, loadPlan] = [new Date(), inSeconds(-60), streamId()];
  await noteSource(pool, SOURCE, { lastChangeAt: later, generation: '17' });
  await noteSource(pool, SOURCE, { lastChangeAt: earlier, loadPlan });
  await noteSource(pool, SOURCE, {});
  const now = { ...known, generation: '17', lastChangeAt: later, loadPlan };
  t.same(await connectSource(pool, SOURCE, 'salesforce'), now);
  t.same(await listSources(pool), [now]);
  t.same([await drawReadNumbers(pool, SOURCE, 1), await drawReadNumbers(pool, SOURCE, 2, 10), await drawReadNumbers(pool, SOURCE, 2)], [1, 2, 12]);
  t.equal(await drawReadNumbers(pool, SOURCE, 1), null, 'a leader that was');
});
