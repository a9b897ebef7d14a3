import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { eventually, isAlive, isFree, spawnService, startNats, startPostgres, workspaceRoot } from '@clientele/testing';
import t from 'tap';
import { runCurlLine } from './support/curl-line.ts';
import { folderOf, ownEnvironment, runProgram, startSystem, underNpm, untilReady, untilStopped, type StartedSystem } from './support/started-system.ts';

const PARTS = ['command', 'ingest', 'nats', 'postgres', 'projector', 'query'];
const STOP_MS = 30_000;

t.test('npm start, from nothing to nothing left', async (t) => {
  const env = await ownEnvironment(`${folderOf(t)}/data`);
  let running: StartedSystem | null = null;
  t.teardown(async () => { if (running !== null) await untilStopped(running); });

  await t.test('ends in a block whose lines work', async (t) => {
    running = await startSystem(env);
    const [send, ask] = curlLines(running.output());
    t.match(await answerTo(send), { status: 'accepted' });
    await eventually('the client of the block', async () => await answerTo(ask), { until: isOneClient });
    for (const address of Object.values(running.system.addresses)) t.equal((await fetch(`${address}/health/ready`)).status, 200);
    t.same([...running.pids().keys()].sort(), PARTS);
  });

  await t.test('so do the lines of the README', async (t) => {
    const [tell, ask] = readmeCurls(env);
    t.match(await answerTo(tell), { status: 'accepted' });
    t.ok(await eventually('the record of the README, every digit kept', async () => await runCurlLine(ask), { until: (text) => text.includes('1250000.50') }));
  });

  await t.test('smoke follows a change through it', async (t) => {
    const smoke = await runProgram('smoke', env);
    t.equal(await smoke.exited, 0, smoke.output());
    t.match(smoke.output(), /✓ accepted.*\n✓ decided.*\n✓ published.*\n✓ projected.*\n✓ queryable.*\nPipeline OK/);
  });

  await t.test('and names the hop that fails', async (t) => {
    for (const [part, hop] of [['projector', 'projected'], ['command', 'decided'], ['ingest', 'accepted']] as const) {
      const pid = started(running).pids().get(part) ?? 0;
      process.kill(pid, 'SIGSTOP');
      const smoke = await runProgram('smoke', env, ['--timeout=2']);
      t.equal(await smoke.exited, 1);
      process.kill(pid, 'SIGCONT');
      t.match(smoke.output(), new RegExp(`\n✗ ${hop} [^]*likely cause: ${part} does not answer`));
    }
  });

  await t.test('a second one is refused', async (t) => {
    const second = await runProgram('start', env);
    t.equal(await second.exited, 1);
    t.match(second.output(), /clientele: Clientele already runs here.*\n {2}-> stop it/);
    const elsewhere = await runProgram('start', { ...env, CLIENTELE_DATA_DIR: `${t.testdir()}/other` });
    t.equal(await elsewhere.exited, 1);
    t.match(elsewhere.output(), /clientele: port \d+ for ingest is in use by another program\n {2}-> .*INGEST_PORT=/);
  });

  await t.test('what is killed is started again, and the rest lives through it', async (t) => {
    for (const name of PARTS) {
      const before = started(running).pids().get(name);
      process.kill(before ?? 0, 'SIGKILL');
      await eventually(`${name} runs again`, () => started(running).pids().get(name), { until: (pid) => pid !== undefined && pid !== before, timeoutMs: 30_000 });
      t.match(started(running).output(), `${name} ended (signal SIGKILL); starting it again`);
    }
    for (const address of Object.values(started(running).system.addresses)) {
      await eventually(`${address} is ready`, async () => (await fetch(`${address}/health/ready`)).ok, { timeoutMs: 30_000 });
    }
    const smoke = await runProgram('smoke', env);
    t.equal(await smoke.exited, 0, smoke.output());
  });

  await t.test('Ctrl-C stops everything, and the data is there after the next start', async (t) => {
    const [, ask] = curlLines(started(running).output());
    const pids = [...started(running).pids().values()];
    t.equal(await stopped(started(running)), 0, started(running).output());
    t.match(started(running).output(), /stopping the services\n.*stopping the servers\n.*stopped/);
    t.same(pids.filter(isAlive), []);
    t.ok(await isFree(Number(env['INGEST_PORT'])));
    running = await startSystem(env);
    t.ok(isOneClient(await answerTo(ask)));
  });

  await t.test('the start after a hard kill takes over', async (t) => {
    const before = started(running);
    const [, ask] = curlLines(before.output());
    const pids = [...before.pids().values()];
    before.kill('SIGKILL');
    await before.exited;
    running = await startSystem(env);
    t.same(pids.filter(isAlive), [], 'nothing of the killed start is left');
    t.ok(isOneClient(await answerTo(ask)));
  });

  await t.test('--fresh begins anew, and what npm started does not outlive an npm that is killed', async (t) => {
    const [, ask] = curlLines(started(running).output());
    await stopped(started(running));
    const npm = await spawnService(`${t.testdir({ 'npm.mjs': underNpm('start', ['--fresh']) })}/npm.mjs`, env);
    running = await untilReady(npm, env);
    t.match(await answerTo(ask), { items: [] });
    const pids = [...running.pids().values()];
    npm.kill('SIGKILL');
    await eventually('everything stopped', () => pids.filter(isAlive), { until: (left) => left.length === 0, timeoutMs: STOP_MS });
    await eventually('its last words', () => npm.output().includes('clientele: stopped'));
  });
});

t.test('with servers that are there already', async (t) => {
  const [postgres, nats] = [await startPostgres(), await startNats()];
  t.teardown(async () => { await Promise.all([postgres.stop(), nats.stop()]); });
  const env = {
    ...await ownEnvironment(`${folderOf(t)}/data`),
    NATS_URL: `nats://127.0.0.1:${nats.port}`,
    OPERATOR_PASSWORD: 'operatorPassword', INGEST_PASSWORD: 'ingestPassword', COMMAND_PASSWORD: 'commandPassword', PROJECTOR_PASSWORD: 'projectorPassword',
    WRITE_DATABASE_URL: postgres.url('existing_write'), READ_DATABASE_URL: postgres.url('existing_read'),
  };
  const running = await startSystem(env);
  t.teardown(async () => await untilStopped(running));
  t.same([...running.pids().keys()].sort(), ['command', 'ingest', 'projector', 'query']);
  t.notMatch(running.output(), 'embedded');
  const smoke = await runProgram('smoke', env);
  t.equal(await smoke.exited, 0, smoke.output());
  t.equal(await stopped(running), 0);
  t.ok(isAlive(postgres.pid) && isAlive(nats.pid), 'they are not ours to stop');

  const refused = async (more: Record<string, string>): Promise<string> => {
    const attempt = await runProgram('start', { ...env, ...more });
    t.equal(await attempt.exited, 1);
    return attempt.output();
  };
  const spelt = postgres.url('existing_write').replace('127.0.0.1', 'localhost');
  t.match(await refused({ READ_DATABASE_URL: spelt }), /clientele: WRITE_DATABASE_URL and READ_DATABASE_URL name one database\n {2}-> name two/);
  const stranger = postgres.url('existing_write').replace('postgres@', 'nobody@');
  t.match(await refused({ EVENT_LOG_URL: stranger }), /clientele: EVENT_LOG_URL \(.*\): the event log cannot be read there: .*\n {2}-> name the write database/);
  t.match(await refused({ EVENT_LOG_URL: postgres.url('existing_read') }), /clientele: EVENT_LOG_URL \(.*\): the event log cannot be read there: .*\n {2}-> name the write database/);

  const nowhere = await runProgram('start', { ...env, NATS_URL: 'nats://127.0.0.1:9' });
  t.equal(await nowhere.exited, 1);
  t.match(nowhere.output(), /clientele: NATS_URL \(nats:\/\/.*127\.0\.0\.1:9\/?\): no NATS server answers there\n {2}-> /);
});

t.test('what cannot start says why, and what to do', async (t) => {
  const env = await ownEnvironment(`${t.testdir()}/data`);
  const refused = async (more: Record<string, string>, args: string[] = []): Promise<string> => {
    const attempt = await runProgram('start', { ...env, ...more }, args);
    t.equal(await attempt.exited, 1);
    return attempt.output();
  };
  t.match(await refused({ QUERY_PORT: 'seven' }), /clientele: QUERY_PORT is "seven", which is no port\n {2}-> a number from 1 to 65535\n$/);
  t.match(await refused({}, ['--frehs']), /clientele: Unknown option '--frehs'.*\n {2}-> options: --fresh/);
  t.match(await refused({ NATS_SERVER_BIN: '/nowhere/nats-server' }), /NATS_SERVER_BIN names \/nowhere\/nats-server.*\n {2}-> NATS_SERVER_BIN=/);
  const keyless = await refused({ NODE_ENV: 'production', INGEST_API_KEYS: 'no colon' });
  for (const [name, lists] of [['ingest', ['INGEST_API_KEYS is set']], ['command', ['ADMIN_API_KEYS is missing']], ['query', ['QUERY_API_KEYS is missing', 'ADMIN_API_KEYS is missing']]] as const) {
    const words = `${name} does not start \\(exit code 2\\); its last words:\n {4}clientele ${name} cannot start: ${lists.length} settings? (is|are) wrong:${lists.map((list) => `\n +${list}.*`).join('')}\n`;
    t.match(keyless, new RegExp(words), 'all that is wrong is named at once');
  }
  t.match(keyless, /\n {2}-> correct the settings that the lines above name\n/);
  t.notMatch(keyless, 'starting it again');
  t.match(await refused({ LOG_LEVEL: 'verbose' }), /the migration of \w+ failed:\n.*1 setting is wrong:\n {2}LOG_LEVEL is "verbose"[^]*\n {2}-> correct the settings that the lines above name\n/);
  t.match(await refused({ NATS_URL: 'nats://127.0.0.1:9,no url' }), /clientele: NATS_URL is no URL\n {2}-> write nats:/);
  t.match(await refused({ EVENT_LOG_URL: 'log' }), /clientele: EVENT_LOG_URL is no URL\n {2}-> write postgres:/);
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  t.match(await refused({ COMMAND_PORT: String(port) }), `port ${port} for command is in use by another program`);
  other.close();
  const help = await runProgram('start', env, ['--help']);
  t.equal(await help.exited, 0);
  t.match(help.output(), /--fresh[^]*NATS_URL[^]*CLIENTELE_CONFIG/);
  const tests = await runProgram('test', env, ['--help']);
  t.equal(await tests.exited, 0);
  t.match(tests.output(), /^npm test \[-- words\]\n/);
  const demo = await runProgram('demo', env);
  t.equal(await demo.exited, 1);
  t.match(demo.output(), /^demo: the query service does not answer at http.*\n {2}-> npm start/, 'nothing else is said of a system that is not there');
});

function started(running: StartedSystem | null): StartedSystem {
  if (running === null) throw new Error('it did not start');
  return running;
}

async function stopped(running: StartedSystem): Promise<number | null> {
  running.kill('SIGINT');
  return await eventually('the end of npm start', async () => await Promise.race([running.exited, Promise.reject(new Error('still running'))]), { timeoutMs: STOP_MS, until: () => true });
}

function curlLines(output: string): [send: string, ask: string] {
  const lines = output.split('\n').filter((line) => line.startsWith('  curl ')).map((line) => line.trim());
  return [lines.at(-2) ?? '', lines.at(-1) ?? ''];
}

/** The two requests of "A first change", to the ports of this run. */
function readmeCurls(env: Readonly<Record<string, string>>): [tell: string, ask: string] {
  const text = readFileSync(`${workspaceRoot}/README.md`, 'utf8');
  const blocks = [...text.matchAll(/```sh\n(curl[^]*?)```/g)].map(([, line = '']) => line.replace(':7001', `:${env['INGEST_PORT']}`).replace(':7004', `:${env['QUERY_PORT']}`));
  return [blocks[0] ?? '', blocks[1] ?? ''];
}

async function answerTo(line: string): Promise<unknown> {
  return JSON.parse(await runCurlLine(line));
}

function isOneClient(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'items' in answer && Array.isArray(answer.items) && answer.items.length === 1;
}
