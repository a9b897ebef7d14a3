import type pg from 'pg';
import t, { type Test } from 'tap';
import { dueParked, postponeParked, PostgresEventStore, rescheduleReads, takeReads } from '../src/index.ts';
import { readPage } from '../src/postgres/event-log.ts';
import { askedRead, changeId, events, ledgerRow, mapping, outcome, reading, resettlement, SOURCE, step, streamId, unit, write } from './contract/units.ts';
import { server, writeDatabase, type WriteDatabase } from './support.ts';

const postgres = await server(t, { shared_buffers: '512MB', max_wal_size: '8GB' });
const MILLION = 1_000_000;

/** Tables that grow: no plan may read one of them but by an index, for what it was asked for. */
const GROWING = /^(events|heads|append_results|mappings|ledger|snapshots|reads)(_|$)/;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'TID Cond'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

interface Session {
  readonly pool: pg.Pool;
  readonly store: PostgresEventStore;
  /** The plans of every statement since the last call, those inside functions too. */
  plans(): { readonly query: string; readonly node: PlanNode }[];
}

/** One connection that tells how it did what it did. */
function session(database: WriteDatabase): Session {
  const settings = {
    session_preload_libraries: 'auto_explain', 'auto_explain.log_min_duration': '0', 'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_analyze': 'on', 'auto_explain.log_timing': 'off', 'auto_explain.log_format': 'json', 'auto_explain.log_level': 'notice',
  };
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' ');
  const pool = database.pool('clientele_command', { max: 1, options, user: 'postgres', password: 'postgres' });
  let told: string[] = [];
  pool.on('connect', (client) => client.on('notice', ({ message }) => told.push(message ?? '')));
  return {
    pool, store: new PostgresEventStore({ pool }),
    plans: () => {
      const plans = told.filter((message) => message.includes('plan:')).map((message) => {
        const plan: { 'Query Text': string; Plan: PlanNode } = JSON.parse(message.slice(message.indexOf('{')));
        return { query: plan['Query Text'], node: plan.Plan };
      });
      told = [];
      return plans;
    },
  };
}

function nodes(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodes)];
}

/** Every visit of a growing table goes through an index, or to rows that an index found before, and touches no more rows than were asked for. */
function indexed(t: Test, when: string, plans: ReturnType<Session['plans']>, expected: readonly string[]): void {
  const scans = plans.flatMap(({ query, node }) => nodes(node)
    .filter((scan) => scan['Node Type'].includes('Scan') && GROWING.test(scan['Relation Name'] ?? ''))
    .map((scan) => ({ query: query.replaceAll(/\s+/g, ' ').slice(0, 80), ...scan, Plans: undefined })));
  const wrong = scans.filter((scan) => !/^(Index (Only )?|Tid )Scan$/.test(scan['Node Type']) || (scan['Index Cond'] ?? scan['TID Cond']) === undefined
    || (scan['Rows Removed by Filter'] ?? 0) > 20 || scan['Actual Rows'] > 20);
  t.same(wrong, [], when);
  const seen = new Set(scans.map((scan) => scan['Relation Name']?.replace(/_\d+$|_default$/, '')));
  t.same([...seen].sort(), [...expected].sort(), `${when}: these tables were visited`);
}

/** A stream from the beginning of the log to its end: its positions tell nothing of where its events are. */
const wide = streamId();

async function everyStatement(t: Test, when: string, { pool, store, plans }: Session, lane: string, sequence: number): Promise<void> {
  const { position } = await store.head();
  const [{ version } = { version: 0 }] = await store.append([write(wide, 'any')]);
  const ids = Array.from({ length: 8 }, () => streamId());
  const applied = ids.map(() => changeId());
  plans();
  const [result] = await store.commit([unit({
    writes: ids.map((id, index) => write(id, 'none', { commandId: applied[index] ?? '', events: events(2) })), outcomes: [outcome(changeId())],
    ledger: applied.map((id) => ledgerRow(id)), mappings: ids.map((id) => mapping(id, id)), repeats: applied.map((commandId) => ({ commandId, count: 1 })),
    lane: step(lane, 1, sequence === 0 ? null : sequence),
  })]);
  t.match(result, { status: 'committed' });
  // What is inserted, or moved where it is in the way of an insert, needs no scan.
  indexed(t, `${when}, append`, plans(), ['ledger']);
  await store.append([write(ids[0] ?? '', 'exists'), ...ids.slice(1).map((id) => write(id, 'any'))]);
  indexed(t, `${when}, append that has to look first`, plans(), ['append_results', 'heads', 'mappings']);
  await store.load({ keys: ids.map((externalId) => ({ source: SOURCE, entity: 'Account', externalId })), commandIds: applied });
  indexed(t, `${when}, load`, plans(), ['ledger', 'mappings']);
  await waitingWork(t, when, { pool, store, plans });
  await store.readStreams(ids.map((id) => ({ streamId: id, afterVersion: 1 })));
  indexed(t, `${when}, read streams`, plans(), ['events', 'heads']);
  await store.readStreams([{ streamId: wide, afterVersion: version - 1 }]);
  indexed(t, `${when}, read a wide stream`, plans(), ['events', 'heads']);
  await store.readRecords([...ids, wide]);
  indexed(t, `${when}, read records`, plans(), ['events', 'heads', 'snapshots']);
  await store.readStream(ids[0] ?? '', { toVersion: 1, until: new Date() });
  indexed(t, `${when}, read a stream`, plans(), ['events', 'heads']);
  await store.readAll(position, 10);
  indexed(t, `${when}, read the log`, plans(), ['events']);
  await readPage(pool, position, 10);
  indexed(t, `${when}, follow the log`, plans(), ['events']);
}

/** Parks, takes up, settles; asks for reads, takes and answers them. */
async function waitingWork(t: Test, when: string, { pool, store, plans }: Session): Promise<void> {
  const parked = Array.from({ length: 8 }, () => changeId());
  const records = parked.map(() => streamId());
  const due = { outcome: 'parked', reason: 'future', payload: '{}', entity: 'Account', nextAttemptAt: '2025-04-24T00:00:00Z' } as const;
  plans();
  await store.commit([unit({
    ledger: parked.map((id, n) => ledgerRow(id, { ...due, externalId: records[n] ?? '' })), reads: records.map((id) => askedRead(id, 1, { source: 'due' })),
  })]);
  indexed(t, `${when}, park and ask for reads`, plans(), []);
  await store.load({ keys: [], commandIds: [], parked });
  indexed(t, `${when}, load what waits`, plans(), ['ledger', 'mappings']);
  const dueNow = await dueParked(pool, 8);
  t.equal(dueNow.length, 8);
  indexed(t, `${when}, find what is due`, plans(), ['ledger']);
  t.equal((await postponeParked(pool, dueNow.map(({ commandId }) => ({ commandId, attempts: 1, nextAttemptAt: null })))).size, 8);
  indexed(t, `${when}, put off what is due`, plans(), ['ledger']);
  const taken = await takeReads(pool, { source: 'due', limit: 8 });
  t.equal(taken.length, 8);
  indexed(t, `${when}, take reads`, plans(), ['reads']);
  await rescheduleReads(pool, taken.slice(0, 2).map((read) => ({ read, notBefore: new Date(), error: 'x', giveUp: true })));
  indexed(t, `${when}, put reads back`, plans(), ['reads']);
  const [first = '', second = '', ...rest] = parked;
  const edited = { by: 'anna', reason: 'a typo' };
  t.match(await store.commit([unit({
    resettled: [resettlement(first, { edited }), resettlement(second, { outcome: 'parked' })], readings: taken.slice(1).map(({ externalId }, n) => ({ ...reading(externalId, n === 3 ? 0 : 5), source: 'due' })),
  })]), [{ status: 'committed' }]);
  indexed(t, `${when}, settle and answer`, plans(), ['ledger', 'reads']);
  t.match(await store.commit([unit({ resettled: [resettlement(first)] }), unit({ resettled: rest.map((id) => resettlement(id)) })]), [
    { status: 'settled_meanwhile' }, { status: 'committed' },
  ]);
  indexed(t, `${when}, settle what has to be looked at first`, plans(), ['append_results', 'heads', 'ledger', 'mappings']);
  await pool.query("update clientele.ledger set outcome = 'applied' where command_id = $1 and day = '2025-04-24'", [second]);
  // What the next call finds due are its own.
  await pool.query("delete from clientele.reads where source = 'due'");
  plans();
}

/** A million events of as many streams, each with its head, mapping, result and ledger row, as years would leave them. */
async function load({ owner }: WriteDatabase, rows: number): Promise<void> {
  const id = `('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  const from = `from generate_series(1, ${rows}) n`;
  const command = `'20250424-' || lpad(n::text, 27, '0')`;
  await Promise.all([
    `insert into clientele.events select 1000 + n, ${id}, 'event', ${id}, 'client', 1, 'Created', 1, '{}', null, '{}', now(), now() ${from}`,
    `insert into clientele.heads select ${id}, 'client', 1, 1000 + n, 1000 + n ${from}`,
    `insert into clientele.append_results select ${command}, ${id}, 1000 + n, 1000 + n, 1, now() ${from}`,
    `insert into clientele.mappings select '${SOURCE}', 'Account', 'x' || n, ${id}, now(), ${command} ${from}`,
    // Every tenth waits; some of those will be taken up by themselves, one day.
    `insert into clientele.ledger (command_id, day, command_type, provider, source, outcome, reason, errors, aggregate_id, received_at, decided_at, payload, entity,
                                   external_id, next_attempt_at)
     select ${command}, '2025-04-24', 'ProcessCrmEvent', 'salesforce', '${SOURCE}', case when n % 10 = 0 then 'parked' else 'applied' end, 'reason ' || n % 7, '[]', ${id},
            now(), now() - n * interval '1 s', '{}', 'Account', 'x' || n, case when n % 30 = 0 then now() + interval '1 hour' end ${from}`,
    `insert into clientele.reads (source, entity, external_id, provider, reason, lane, since, not_before, requested_at)
     select '${SOURCE}', 'Account', 'x' || n, 'salesforce', 'gap', n % 4, '', now() + interval '1 hour', now() ${from}`,
  ].map(async (statement) => {
    const client = await owner.connect();
    // Without triggers, and without a change of a table that would make every session plan anew.
    await client.query('set session_replication_role = replica');
    await client.query(statement);
    client.release(true);
  }));
  await owner.query('update clientele.log_head set position = $1', [1000 + rows]);
}

const WAITING = `from clientele.ledger where outcome in ('parked', 'quarantined')`;
/** The one partition that is not empty. */
const FULL = 'ledger_default';
const NEWEST = 'order by decided_at desc nulls last, command_id desc nulls last limit 50';

/** What people ask of a hundred thousand waiting commands is found by an index, and groups are counted in one. */
async function lists(t: Test, { pool, plans }: Session): Promise<void> {
  const asked: Record<string, string> = {
    all: `select command_id, payload ${WAITING} ${NEWEST}`,
    'after another': `select command_id ${WAITING} and (decided_at, command_id) < (now() - interval '5000 s', 'x') ${NEWEST}`,
    'one reason': `select command_id ${WAITING} and reason = 'reason 3' ${NEWEST}`,
    'a rare reason': `select command_id ${WAITING} and reason = 'nobody' ${NEWEST}`,
    'a rare source': `select command_id ${WAITING} and source = 'nobody' ${NEWEST}`,
    'one record': `select command_id ${WAITING} and source = '${SOURCE}' and entity = 'Account' and external_id = 'x500' ${NEWEST}`,
  };
  for (const [what, statement] of Object.entries(asked)) {
    await pool.query(statement);
    const scans = plans().flatMap(({ node }) => nodes(node)).filter((scan) => scan['Relation Name'] === FULL);
    t.equal(scans.length, 1, `${what}: one scan`);
    t.same(scans.filter((scan) => scan['Node Type'] === 'Seq Scan' || scan['Actual Rows'] > 60 || (scan['Rows Removed by Filter'] ?? 0) > 60), [], what);
  }
  const started = performance.now();
  const { rows } = await pool.query(`select reason, provider, source, entity, outcome, count(*)::int, min(received_at) ${WAITING} group by 1, 2, 3, 4, 5`);
  t.comment(`groups of 100000 waiting commands in ${(performance.now() - started).toFixed(0)} ms`);
  t.ok(rows.length >= 7);
  const scans = plans().flatMap(({ node }) => nodes(node)).filter((scan) => scan['Relation Name'] === FULL);
  t.match(scans.map((scan) => scan['Node Type']), ['Index Only Scan'], 'groups');
}

const LANES = ['commands.0', 'commands.1', 'commands.2'] as const;

// More than five calls: from the sixth on the server may keep a plan that it takes to do for all values.
async function calls(t: Test, when: string, session: Session, lane: string): Promise<void> {
  for (let sequence = 0; sequence < 7; sequence += 1) await everyStatement(t, `${when}, call ${sequence + 1}`, session, lane, sequence);
}

async function freshDatabase(t: Test): Promise<WriteDatabase> {
  const database = await writeDatabase(t, postgres);
  for (const lane of LANES) await database.fenceLane(lane, 1);
  return database;
}

t.test('plans made on empty tables do for full ones', async (t) => {
  const database = await freshDatabase(t);
  const old = session(database);
  await calls(t, 'empty', old, LANES[0]);
  await load(database, MILLION / 5);
  await everyStatement(t, 'full', old, LANES[0], 7);
});

t.test('plans made by the statistics of one row do for a million', async (t) => {
  const database = await freshDatabase(t);
  await database.store().commit([unit({ writes: [write(wide, 'none')], ledger: [ledgerRow(changeId())], mappings: [mapping('A', wide)] })]);
  await database.owner.query('analyze');
  const old = session(database);
  await calls(t, 'one row', old, LANES[0]);
  const started = performance.now();
  await load(database, MILLION);
  t.comment(`${MILLION} rows in each of six tables in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  await everyStatement(t, 'a million rows, planned when there was one', old, LANES[0], 7);
  await calls(t, 'a million rows, statistics of one', session(database), LANES[1]);
  await database.owner.query('analyze');
  await calls(t, 'a million rows', session(database), LANES[2]);
  await database.owner.query('vacuum analyze clientele.ledger');
  await lists(t, session(database));
});
