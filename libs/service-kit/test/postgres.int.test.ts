import { eventually, startPostgres, tcpProxy } from '@clientele/testing';
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import t from 'tap';
import { createLogger, createPool, endPools, LeaseKeeper, type Lease, type LeaseKeeperOptions } from '../src/index.ts';
import { LeaseTable } from '../src/leases/lease-table.ts';

const TTL_MS = 600;
const NAMES = ['lane 0', 'lane 1', 'lane 2', 'lane 3'];
const TABLES = `
  create schema clientele;
  create table clientele.leases (
    name text primary key, owner uuid, epoch bigint not null default 0, expires_at timestamptz not null default '-infinity');
  create table clientele.lease_members (pool text, member uuid, expires_at timestamptz not null, primary key (pool, member));
  create table clientele.guarded (name text primary key, epoch bigint not null);`;

const server = await startPostgres();
t.teardown(() => server.stop());
const logger = createLogger('leases', { LOG_LEVEL: 'silent' });

interface Member {
  readonly keeper: LeaseKeeper;
  readonly signals: AbortSignal[];
  names(): string[];
}

/** A group on a database of its own, with work that lasts as long as its lease; counts how many ever worked under one name at once. */
async function group(t: { teardown(run: () => unknown): void }, names = NAMES) {
  const url = await server.createDatabase();
  const db = createPool(url, { applicationName: 'test' });
  await db.query(TABLES);
  t.teardown(() => db.end());
  const working = new Map<string, number>();
  const worst = { atOnce: 0 };
  const join = async (options: Partial<LeaseKeeperOptions> & { url?: string } = {}): Promise<Member> => {
    const pool = createPool(options.url ?? url, { applicationName: 'member', max: 2 });
    const signals: AbortSignal[] = [];
    const keeper = new LeaseKeeper({
      pool,
      group: 'lanes',
      names,
      ttlMs: TTL_MS,
      logger,
      hold: async ({ name, signal }) => {
        signals.push(signal);
        working.set(name, (working.get(name) ?? 0) + 1);
        worst.atOnce = Math.max(worst.atOnce, working.get(name) ?? 0);
        await aborted(signal);
        working.set(name, (working.get(name) ?? 0) - 1);
      },
      ...options,
    });
    t.teardown(() => keeper.stop().then(() => pool.end()));
    await keeper.start();
    return { keeper, signals, names: () => keeper.held().map(({ name }) => name) };
  };
  return { url, db, join, worst };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
}

function shares(...members: Member[]): Promise<number[]> {
  return eventually('all leases are held in fair shares', () => members.map((member) => member.names().length), {
    until: (counts) => counts.reduce((a, b) => a + b, 0) === NAMES.length && Math.max(...counts) - Math.min(...counts) <= 1,
  });
}

t.test('members share; one that joins gets its share, one that stops hands over at once; never two under one name', async (t) => {
  const { join, worst } = await group(t);
  const first = await join();
  t.strictSame(first.names().sort(), NAMES, 'alone it holds all, after its first turn');
  const second = await join();
  t.strictSame(await shares(first, second), [2, 2]);
  const third = await join();
  await shares(first, second, third);
  t.equal(new Set([...first.names(), ...second.names(), ...third.names()]).size, NAMES.length);
  await first.keeper.stop();
  t.strictSame(first.names(), []);
  t.strictSame(await shares(second, third), [2, 2]);
  t.equal(worst.atOnce, 1);
});

t.test('a lease that another holds is not to be had', async (t) => {
  const { db } = await group(t, ['lane']);
  const [holder, other] = [randomUUID(), randomUUID()].map((member) => new LeaseTable(db, { group: 'lanes', names: ['lane'], member, ttlMs: 60_000 }));
  const fence = () => Promise.resolve();
  await holder!.prepare();
  t.equal(await holder!.acquire('lane', fence), 1);
  t.equal(await other!.acquire('lane', fence), null);
  t.strictSame(await holder!.renew([{ name: 'lane', epoch: 1 }]), new Set(['lane']));
});

t.test('a leader stays where it is when candidates join, and one of them follows it', async (t) => {
  const { join, db } = await group(t, ['relay']);
  const leader = await join({ member: 'ffffffff-ffff-4fff-bfff-ffffffffffff' });
  const candidate = await join({ member: '00000000-0000-4000-8000-000000000000' });
  const renewed = async () => (await db.query<{ at: Date }>('select expires_at as at from clientele.leases')).rows[0]?.at.getTime() ?? 0;
  const before = await renewed();
  await eventually('the lease was renewed', renewed, { until: (at) => at > before + TTL_MS });
  t.strictSame([leader.names(), candidate.names()], [['relay'], []]);
  await leader.keeper.stop();
  await eventually('the candidate leads', () => candidate.names().length === 1);
});

t.test('a member that dies without a word is followed, under a new epoch that the fence has written', async (t) => {
  const { join, db, url } = await group(t);
  const fence: LeaseKeeperOptions['fence'] = async (client, name, epoch) => {
    await client.query('insert into clientele.guarded values ($1, $2) on conflict (name) do update set epoch = excluded.epoch', [
      name,
      epoch,
    ]);
  };
  // Its way to the database breaks for good: to the others it is dead, to itself it is alone.
  const proxy = await tcpProxy(server.port);
  t.teardown(() => proxy.close());
  const dying = await join({ fence, url: url.replace(`:${server.port}/`, `:${proxy.port}/`) });
  const epochs = new Map(dying.keeper.held().map(({ name, epoch }) => [name, epoch]));
  proxy.pause();
  const ends: string[] = [];
  const heirsLog = createLogger('heir', { LOG_LEVEL: 'info' }, new Writable({ write: (line: Buffer, _encoding, done) => (ends.push(line.toString()), done()) }));
  const heir = await join({ fence, logger: heirsLog });
  const endedBefore: boolean[] = [];
  await eventually('the heir holds all', () => {
    const taken = heir.names().length;
    if (taken > 0) endedBefore.push(dying.signals.every(({ aborted }) => aborted));
    return taken === NAMES.length;
  });
  t.ok(endedBefore.every(Boolean), 'the dead one had stopped by its own clock before anybody else was let in');
  for (const { name, epoch } of heir.keeper.held()) t.ok(epoch > (epochs.get(name) ?? 0), `${name}: the epoch rose`);
  const { rows } = await db.query<{ name: string; epoch: string }>('select name, epoch from clientele.guarded order by name');
  t.strictSame(
    rows.map(({ name, epoch }) => [name, Number(epoch)]),
    heir.keeper
      .held()
      .map(({ name, epoch }) => [name, epoch])
      .sort(),
  );
  const turns = new Set<unknown>();
  await eventually('two turns of the heir', async () => {
    turns.add((await db.query<{ at: Date }>('select max(expires_at) as at from clientele.lease_members')).rows[0]?.at.getTime());
    return turns.size;
  }, { until: (seen) => seen > 3 });
  t.notMatch(ends.join(''), 'another member should have it', 'no share is kept for the dead');
  proxy.resume();
});

t.test('work that stalls beyond the time to live is told so when it wakes, and its epoch no longer counts', async (t) => {
  const { join, db } = await group(t, ['lane']);
  const frozen = await join();
  const [{ epoch, signal } = { epoch: 0, signal: new AbortController().signal }] = frozen.keeper.held() as [Lease];
  // No timer and no socket of this process moves: what SIGSTOP does to a process.
  await db.query(
    `update clientele.leases set owner = gen_random_uuid(), epoch = epoch + 1, expires_at = clock_timestamp() + interval '1 hour'`,
  );
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TTL_MS * 1.5);
  await eventually('the sleeper is told', () => signal.aborted);
  t.strictSame(frozen.names(), []);
  const { rows } = await db.query<{ epoch: string }>('select epoch from clientele.leases');
  t.equal(Number(rows[0]?.epoch), epoch + 1, 'it gave back nothing that is another’s');
});

t.test('a fence that fails leaves the lease free; work that fails gives it to another', async (t) => {
  const { join, db } = await group(t, ['lane']);
  const barred = await join({ fence: () => Promise.reject(new Error('no such lane')) });
  t.strictSame(barred.names(), []);
  t.match((await db.query('select owner, epoch from clientele.leases')).rows, [{ owner: null, epoch: '0' }]);
  await barred.keeper.stop();
  let attempts = 0;
  const hold = (): Promise<void> => {
    attempts += 1;
    return Promise.reject(new Error('cannot read this lane'));
  };
  // Its name comes first, so that the one share there is would be its own.
  const failing = await join({ member: '00000000-0000-4000-8000-000000000000', hold });
  const able = await join();
  await eventually('the able one has it', () => able.names().length === 1);
  t.equal(attempts, 1);
  t.strictSame(failing.names(), []);
});

t.test('leases outlast a database that restarts within the time to live, and are taken again after a longer outage', async (t) => {
  const { join } = await group(t, ['lane']);
  const member = await join({ ttlMs: 3_000 });
  await server.kill();
  await server.restart();
  const [signal] = member.signals;
  await eventually('it holds the lease, the same or a new one', () => member.names().length === 1);
  t.equal(member.signals.at(-1) === signal, !signal?.aborted);
});

t.test('a connection that breaks within a transaction fails its next statement, and nothing else', async (t) => {
  const pool = createPool(await server.createDatabase(), { applicationName: 'clientele-test', max: 2 });
  t.teardown(() => pool.end());
  const client = await pool.connect();
  let ended = false;
  client.once('end', () => (ended = true));
  await client.query('begin');
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await eventually('it hears of its end', () => ended);
  await t.rejects(client.query('select'), /not queryable|terminated/);
  client.release(true);
  t.match((await pool.query('select 1 as one')).rows, [{ one: 1 }]);
});

t.test('a pool bounds every wait, and reads JSON with every digit', async (t) => {
  const url = await server.createDatabase();
  const pool = createPool(url, { applicationName: 'clientele-test', max: 2, statementTimeoutMs: 200, lockTimeoutMs: 50 });
  t.teardown(() => pool.end());
  const { rows } = await pool.query(`
    select '{"n":1745500706683617281,"a":100.50}'::jsonb as json, 9007199254740993::bigint as big,
      current_setting('application_name') as name, current_setting('idle_in_transaction_session_timeout') as idle,
      current_setting('jit') as jit`);
  t.match(rows[0], {
    json: { n: { value: '1745500706683617281' }, a: { value: '100.50' } },
    big: '9007199254740993',
    name: 'clientele-test',
    idle: '10s',
    jit: 'off',
  });
  await t.rejects(pool.query('select pg_sleep(5)'), /statement timeout/);
  await pool.query('create table locked ()');
  const client = await pool.connect();
  await client.query('begin; lock table locked');
  await t.rejects(pool.query('select from locked'), /lock timeout/);
  await client.query('rollback');
  client.release();
});

t.test('pools end with the work that needs them; a server that has gone silent is given up', async (t) => {
  const url = new URL(server.url());
  const proxy = await tcpProxy(server.port);
  t.teardown(() => proxy.close());
  url.port = String(proxy.port);
  const [well, silent] = [createPool(server.url(), { applicationName: 'test' }), createPool(url.href, { applicationName: 'test', max: 2 })];
  await endPools([well], well.query('select 1'));
  t.ok(well.ended);
  await Promise.all([silent.query('select 1'), silent.query('select 1')]);
  proxy.pause();
  const asked = silent.query('select 1');
  const outcome = t.rejects(asked, { message: /terminated/ }, 'what it was asked fails before its own time is over');
  await endPools([silent], asked.catch(() => {}), 50);
  await outcome;
  t.ok(silent.ended);
  await t.rejects(silent.query('select 1'), { message: /after calling end/ });
});
