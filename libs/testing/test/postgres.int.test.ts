import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import pg from 'pg';
import t from 'tap';
import { eventually, startPostgres, type PostgresServer } from '../src/index.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

t.test('a server of its own', async (t) => {
  const server: PostgresServer = await startPostgres();
  t.teardown(async () => await server.stop());
  t.match(await query(server.url(), 'select version()'), [{ version: /^PostgreSQL 18/ }]);

  const url = await server.createDatabase();
  await query(url, 'create table kept (n int); insert into kept values (1)');
  await server.kill();
  await t.rejects(query(url, 'select 1'), 'killed');
  await server.restart();
  t.same(await query(url, 'select n from kept'), [{ n: 1 }], 'what was committed is there after a crash, on the same port');
  await server.restart();
  t.same(await query(url, 'select n from kept'), [{ n: 1 }], 'and after a clean restart');
  t.same(await query(url, `select array_agg(v order by v) as sorted from unnest(array['b', 'B', 'a', 'é']) v`),
    [{ sorted: ['B', 'a', 'b', 'é'] }], 'text sorts by code point on every machine');
});

t.test('two servers do not collide', async (t) => {
  const servers = await Promise.all([startPostgres(), startPostgres()]);
  t.teardown(async () => { await Promise.all(servers.map(async (server) => await server.stop())); });
  t.not(servers[0].port, servers[1].port);
});

t.test('a data folder is kept, a taken port is said', async (t) => {
  const dataDir = `${t.testdir()}/cluster`;
  const first = await startPostgres({ dataDir, password: 'other secret', settings: { work_mem: '7MB' } });
  t.same(await query(first.url(), 'show work_mem'), [{ work_mem: '7MB' }]);
  await t.rejects(startPostgres({ port: first.port }), /Address already in use/);
  await first.createDatabase('kept');
  await first.stop();
  const second = await startPostgres({ dataDir, password: 'other secret' });
  t.teardown(async () => await second.stop());
  t.same(await query(second.url('kept'), 'select 1 as one'), [{ one: 1 }]);
  await t.rejects(query(second.url().replace('other%20secret', 'wrong'), 'select 1'), /authentication/);
});

t.test('a server does not outlive a test process that is killed hard', async (t) => {
  const script = `import { startPostgres } from '${new URL('../src/index.js', import.meta.url).href}';
    const server = await startPostgres(); console.log(String(server.pid)); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let written = '';
  child.stdout.on('data', (text: Buffer) => { written += text.toString(); });
  await eventually('the number of its server', () => written, { until: (text) => /^\d+\n$/.test(text), timeoutMs: 60_000 });
  const pid = Number(written);
  t.ok(existsSync(`/proc/${pid}`), `the server ${pid} runs`);
  child.kill('SIGKILL');
  t.ok(await eventually('the server is gone', () => !existsSync(`/proc/${pid}`)));
});
