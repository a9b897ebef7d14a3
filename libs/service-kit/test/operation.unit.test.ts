import { Writable } from 'node:stream';
import { mock } from 'node:test';
import t from 'tap';
import { apiKeys, createLogger, createMetrics, Health } from '../src/index.ts';

function clock(): { now: () => number; advance(ms: number): void } {
  let time = 0;
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
}

function logLines(): { lines: string[]; destination: Writable } {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { lines, destination };
}

t.test('readiness names what fails, and what does not answer in time; another’s words go to the log, once a change', async (t) => {
  const { lines, destination } = logLines();
  const health = new Health({ checkTimeoutMs: 20, logger: createLogger('demo', { LOG_LEVEL: 'info' }, destination) });
  health.check('database', () => Promise.resolve(null));
  t.strictSame(await health.readiness(), { ok: true, checks: [{ name: 'database', ok: true, reason: null }] });
  let failure: string | null = 'connect ECONNREFUSED 127.0.0.1:27268';
  health.check('broker', () => {
    if (failure !== null) throw new Error(failure);
    return null;
  });
  health.check('lanes', () => 'commands.1 holding');
  health.check('disk', () => new Promise(() => {}));
  const failing = async () => (await health.readiness()).checks.filter(({ ok }) => !ok).map(({ name, reason }) => `${name}: ${reason}`);
  const others = ['lanes: commands.1 holding', 'disk: no answer within 20 ms'];
  t.strictSame(await failing(), ['broker: cannot be used: the log of this service says why', ...others]);
  t.strictSame(await failing(), ['broker: cannot be used: the log of this service says why', ...others]);
  failure = 'no such user';
  await failing();
  failure = null;
  t.strictSame(await failing(), others);
  await failing();
  const told = lines.map((line) => JSON.parse(line) as { level: string; check: string; reason?: string; err?: { message: string } });
  t.strictSame(told.map(({ level, check, reason, err }) => `${level} ${check} ${reason ?? err?.message ?? ''}`), [
    'warn broker connect ECONNREFUSED 127.0.0.1:27268', 'warn lanes commands.1 holding', 'warn disk no answer within 20 ms', 'warn broker no such user', 'info broker ',
  ]);
  health.stopping();
  t.match(await health.readiness(), { ok: false, checks: [{ reason: 'stopping' }] });
});

t.test('work is stuck when it lags and nothing has moved for 30 s', async (t) => {
  const time = clock();
  const health = new Health({ now: time.now });
  t.teardown(() => health.stopping());
  let work = { lag: 5, position: '10' };
  health.progress('lane 1', () => work);
  const ok = async () => (await health.progressing()).ok;
  t.ok(await ok());
  time.advance(29_000);
  t.ok(await ok(), 'not yet');
  work = { lag: 5, position: '11' };
  t.ok(await ok());
  time.advance(29_000);
  t.ok(await ok(), 'constant lag with movement is a loaded system, not a stuck one');
  work = { lag: 900, position: '11' };
  time.advance(1_000);
  t.match(
    await health.progressing(),
    { ok: false, checks: [{ name: 'lane 1', reason: '900 behind, nothing moved for 30 s' }] },
    'growing lag is no movement',
  );
  work = { lag: 0, position: '11' };
  t.ok(await ok(), 'nothing to do');
  time.advance(300_000);
  t.ok(await ok());
});

t.test('work is looked at every 5 s without anybody asking, so that the first who asks learns the truth', async (t) => {
  const time = clock();
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const health = new Health({ now: time.now });
  t.teardown(() => health.stopping());
  health.progress('lane 1', () => ({ lag: 5, position: '10' }));
  mock.timers.tick(5_000);
  await new Promise((resolve) => setImmediate(resolve));
  time.advance(30_000);
  t.match(await health.progressing(), { ok: false, checks: [{ reason: '5 behind, nothing moved for 30 s' }] });
});

t.test('work that cannot be told of counts as lagging', async (t) => {
  const time = clock();
  const { lines, destination } = logLines();
  const health = new Health({ now: time.now, logger: createLogger('demo', { LOG_LEVEL: 'info' }, destination) });
  t.teardown(() => health.stopping());
  health.progress('relay', () => Promise.reject(new Error('no database')));
  t.ok((await health.progressing()).ok);
  time.advance(30_000);
  t.match(await health.progressing(), { ok: false, checks: [{ reason: 'cannot tell: the log of this service says why, nothing moved for 30 s' }] });
  t.match(lines.map((line) => JSON.parse(line) as unknown), [{ check: 'progress of relay', err: { message: 'no database' } }]);
  t.equal(lines.length, 1);
  health.forget('relay');
  t.ok((await health.progressing()).ok);
});

t.test('keys are known by their secret, and may be bound to a source', async (t) => {
  const keys = apiKeys('reporting:s3cret, crm:top@secret@salesforce:00D5f000005KcCnEAK,odd:a@b:1:2');
  t.strictSame(keys.identify('s3cret'), { name: 'reporting', source: null });
  t.strictSame(keys.identify('top@secret'), { name: 'crm', source: 'salesforce:00D5f000005KcCnEAK' });
  for (const wrong of ['', 's3cre', 's3cret ', 'S3cret', 'reporting:s3cret', 'top', 'top@secret@salesforce:00D5f000005KcCnEAK'])
    t.equal(keys.identify(wrong), null, wrong);
});

t.test('a log line keeps correlation and drops secrets and records', async (t) => {
  const { lines, destination } = logLines();
  const logger = createLogger('demo', { LOG_LEVEL: 'info' }, destination);
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (email)=(ada@example.com) already exists' });
  logger.child({ correlationId: 'c-1' }).info(
    {
      headers: { authorization: 'Bearer hidden', 'x-api-key': 'hidden', cookie: 'hidden' },
      change: { id: '20250101-x', data: { Email: 'hidden' }, record: { LastName: 'hidden' } },
      password: 'hidden',
      err: new Error('append failed', { cause }),
    },
    'hello',
  );
  const [line = ''] = lines;
  t.notMatch(line, /hidden|ada@example/);
  t.match(JSON.parse(line), {
    level: 'info',
    service: 'demo',
    correlationId: 'c-1',
    message: 'hello',
    change: { id: '20250101-x', data: '[redacted]' },
    err: { type: 'Error', message: 'append failed', cause: { message: 'duplicate key', code: '23505' } },
  });
});

t.test('metrics carry the service and the prefix', async (t) => {
  const metrics = createMetrics('demo');
  metrics.counter('changes_total', 'Changes', ['outcome']).inc({ outcome: 'applied' }, 2);
  metrics.gauge('lag', 'Lag').set(7);
  metrics.histogram('stage_duration_seconds', 'Stages', ['stage']).observe({ stage: 'load' }, 0.002);
  const text = await metrics.registry.metrics();
  t.match(text, 'clientele_changes_total{outcome="applied",service="demo"} 2');
  t.match(text, 'clientele_lag{service="demo"} 7');
  t.match(text, 'clientele_stage_duration_seconds_bucket{le="0.0025",service="demo",stage="load"} 1');
  t.match(text, 'process_resident_memory_bytes');
});
