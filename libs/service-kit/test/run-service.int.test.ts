import { eventually, spawnService } from '@clientele/testing';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ENTRY = fileURLToPath(new URL('./fixtures/demo-service.js', import.meta.url));
const ENV = { NODE_ENV: 'test', DEMO_DATABASE_URL: 'postgres://demo:s3cret@db/demo' };

async function startDemo(t: { teardown(run: () => unknown): void }, env: Record<string, string> = {}) {
  const service = await spawnService(ENTRY, { ...ENV, ...env });
  t.teardown(() => service.kill('SIGKILL'));
  const origin = () => /"address":"([^"]+)"/.exec(service.output())?.[1] ?? null;
  return {
    service,
    listening: () => eventually('the demo listens', origin),
    said: (text: string) => eventually(`the demo says ${text}`, () => service.output().includes(text)),
  };
}

t.test('a stopped service finishes what it has in hand and ends with 0, however often it is told', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { service, listening } = await startDemo(t);
    const address = await listening();
    const answer = fetch(`${address}/work`);
    await eventually('the request is in hand', async () => (await (await fetch(`${address}/metrics`)).text()).includes('process_cpu'));
    service.kill(signal);
    service.kill('SIGTERM');
    t.strictSame(await (await answer).json(), { done: true }, signal);
    t.equal(await service.exited, 0, signal);
    t.notMatch(service.output(), /s3cret/);
  }
});

t.test('errors that nobody caught are logged and end it with 1', async (t) => {
  for (const [path, message] of [
    ['/fall', 'nobody catches this'],
    ['/reject', 'nobody awaits this'],
  ] as const) {
    const { service, listening } = await startDemo(t);
    await fetch(`${await listening()}${path}`).catch(() => null);
    t.equal(await service.exited, 1, path);
    t.match(service.output(), new RegExp(`"level":"fatal".*${message}`));
  }
});

t.test('a start or a stop that fails ends it with 1', async (t) => {
  const failing = await startDemo(t, { DEMO_MODE: 'start fails' });
  t.equal(await failing.service.exited, 1);
  t.match(failing.service.output(), /"level":"fatal".*no database/);
  const stopping = await startDemo(t, { DEMO_MODE: 'stop fails' });
  await stopping.listening();
  stopping.service.kill('SIGTERM');
  t.equal(await stopping.service.exited, 1);
  t.match(stopping.service.output(), /cannot let go/);
});

t.test('a stop that hangs is ended within its bound; a start that hangs is ended as it is, for it has nothing in hand', async (t) => {
  const [stop, start] = await Promise.all([startDemo(t, { DEMO_MODE: 'stop hangs' }), startDemo(t, { DEMO_MODE: 'start hangs' })]);
  await Promise.all([stop.listening(), start.said('starting')]);
  stop.service.kill('SIGTERM');
  start.service.kill('SIGTERM');
  t.strictSame(await Promise.all([stop.service.exited, start.service.exited]), [1, 0]);
  t.match(stop.service.output(), /not stopped within 1500 ms/);
  t.match(start.service.output(), /"code":0,"message":"stopped before it had started"/);
});

t.test('wrong settings are said plainly, all at once', async (t) => {
  const { service } = await startDemo(t, { DEMO_DATABASE_URL: 'mysql://x', DEMO_PORT: 'x' });
  t.equal(await service.exited, 2);
  t.match(service.output(), /^clientele demo cannot start: 2 settings are wrong:\n {2}DEMO_PORT is "x".*\n {2}DEMO_DATABASE_URL is set /);
  t.match(service.output(), /DEMO_DATABASE_URL .* not a URL that begins with postgres:\/\/ or postgresql:\/\//);

  for (const [mode, said] of [['other lanes', 'set LANES=4'], ['no configuration', '/nowhere\\.yaml is not a valid configuration:\n  cannot be read']] as const) {
    const { service: late } = await startDemo(t, { DEMO_MODE: mode });
    t.equal(await late.exited, 2, mode);
    t.match(late.output(), new RegExp(`^clientele demo cannot start: ${said}`, 'm'), 'also what only the start finds');
    t.notMatch(late.output(), /fatal| {4}at /, 'without a stack');
  }
});

t.test('a fault point kills where it is told to, at the time it is told to, and only in development', async (t) => {
  const work = async (env: Record<string, string>) => {
    const { service, listening } = await startDemo(t, env);
    const address = await listening();
    const answers = [];
    for (let request = 0; request < 2; request += 1)
      answers.push(
        await fetch(`${address}/work`).then(
          ({ status }) => status,
          () => 'dead',
        ),
      );
    service.kill('SIGTERM');
    return { answers, code: await service.exited };
  };
  t.strictSame(await work({ CLIENTELE_FAULT: 'before work#2' }), { answers: [200, 'dead'], code: null });
  t.strictSame(await work({ CLIENTELE_FAULT: 'elsewhere' }), { answers: [200, 200], code: 0 });
  t.strictSame(await work({ CLIENTELE_FAULT: 'before work', NODE_ENV: 'production' }), { answers: [200, 200], code: 0 });
});
