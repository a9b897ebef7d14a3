import { Problem, UnavailableError, ValidationError, parseExact } from '@clientele/contracts';
import { Type } from '@sinclair/typebox';
import { EventEmitter, once } from 'node:events';
import { STATUS_CODES } from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import t from 'tap';
import {
  adoptCorrelationId,
  apiKeys,
  createHttpServer,
  createLogger,
  createMetrics,
  Health,
  HttpProblem,
  keyOf,
  requireKey,
} from '../src/index.ts';

async function startServer(t: { teardown(run: () => unknown): void }) {
  const lines: string[] = [];
  const logger = createLogger(
    'demo',
    { LOG_LEVEL: 'info' },
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    }),
  );
  const health = new Health();
  const app = await createHttpServer({
    service: 'demo',
    description: 'For this test',
    logger,
    metrics: createMetrics('demo'),
    health,
    bodyLimit: 1_000,
  });
  const onRequest = requireKey(apiKeys('dev:query-key'), apiKeys('ops:admin-key'));
  const body = Type.Object({
    amount: Type.Number(),
    kind: Type.Union([Type.Literal('a'), Type.Literal('b')]),
    at: Type.Optional(Type.String({ format: 'date-time' })),
  });
  const querystring = Type.Object({ wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 30 })) }, { additionalProperties: false });
  app.post('/things/:id', { onRequest, schema: { body, querystring, response: { 200: Type.Unknown(), default: Problem } } }, (request) => ({
    by: keyOf(request)?.name,
    wait: request.query.wait ?? null,
    amount: request.body.amount,
  }));
  app.post('/raw', (request, reply) => ({ id: adoptCorrelationId(request, reply, 'transaction-7') }));
  const slow = new EventEmitter();
  const slowTaken = once(slow, 'taken');
  app.addHook('preClose', async () => void slow.emit('closing'));
  app.get('/slow', async () => {
    slow.emit('taken');
    await once(slow, 'second');
    return { slow: true };
  });
  app.get('/second', () => ({ second: slow.emit('second') }));
  app.get('/exact', () => parseExact('{"commitNumber":1745500706683617281,"amount":100.50}'));
  app.get('/text', (_request, reply) => reply.type('application/json').send('{"n":1745500706683617281}'));
  app.get('/fails/:how', { schema: { params: Type.Object({ how: Type.String() }) } }, ({ params: { how } }) => {
    if (how === 'bug') throw new Error('select * from secrets');
    if (how === 'unavailable') throw new UnavailableError('postgres at 10.0.0.1 is down', 2_500);
    if (how === 'invalid')
      throw new ValidationError('The amount is wrong', [{ path: 'data.amount', code: 'range', message: 'must be positive' }]);
    throw new HttpProblem(404, 'No such thing', { retryAfter: 1 });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => app.close());
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  };
  return { ask, port, lines, health, slow, slowTaken, server: app.server, close: () => app.close() };
}

/** All that comes back for a text as it stands, until the server ends the connection. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  await once(socket, 'end');
  return answer;
}
const key = { 'x-api-key': 'query-key' };
const json = { 'content-type': 'application/json' };

t.test('every refusal is problem+json, names the fault, and carries the correlation id', async (t) => {
  const { ask, lines } = await startServer(t);
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', body, headers: { ...json, ...key, 'x-correlation-id': 'abc-1', ...headers } });
  const good = '{"amount":1,"kind":"a"}';
  const cases: [string, ReturnType<typeof ask>, number, unknown][] = [
    ['unknown path', post('/nothing', good), 404, []],
    ['other method', ask('/things/1', { headers: { 'x-correlation-id': 'abc-1' } }), 405, []],
    ['a missing file of a folder that is served', ask('/docs/static/nope.js', { headers: { 'x-correlation-id': 'abc-1' } }), 404, []],
    ['broken JSON', post('/things/1', '{"amount'), 400, [{ path: 'body', code: 'json' }]],
    ['no body', post('/things/1', ''), 400, [{ path: 'body', code: 'empty' }]],
    [
      'wrong type and value',
      post('/things/1', '{"amount":"1","kind":"c","at":"yesterday"}'),
      400,
      [
        { path: 'body.amount', code: 'invalid', message: 'Expected number' },
        { path: 'body.kind', code: 'invalid', message: 'Expected one of a, b' },
        { path: 'body.at' },
      ],
    ],
    ['missing field', post('/things/1', '{"kind":"a"}'), 400, [{ path: 'body.amount', code: 'required' }]],
    [
      'query',
      post('/things/1?wait=31&wiat=1', good),
      400,
      [
        { path: 'query.wiat', code: 'unknown' },
        { path: 'query.wait', code: 'invalid' },
      ],
    ],
    ['a fraction for an integer', post('/things/1?wait=5.5', good), 400, [{ path: 'query.wait', code: 'invalid', message: 'Expected integer' }]],
    ['a word for an integer', post('/things/1?wait=true', good), 400, [{ path: 'query.wait', code: 'invalid' }]],
    ['too large', post('/things/1', JSON.stringify({ amount: 'x'.repeat(2_000) })), 413, []],
    ['not JSON at all', post('/things/1', '<a/>', { 'content-type': 'text/xml' }), 415, []],
    ['bad path', post('/things/%ff', good), 400, []],
    ['long path', post(`/things/${'x'.repeat(301)}`, good), 414, []],
    ['a bug', ask('/fails/bug', { headers: { 'x-correlation-id': 'abc-1' } }), 500, []],
    ['unavailable', ask('/fails/unavailable', { headers: { 'x-correlation-id': 'abc-1' } }), 503, []],
    [
      'invalid',
      ask('/fails/invalid', { headers: { 'x-correlation-id': 'abc-1' } }),
      400,
      [{ path: 'data.amount', code: 'range', message: 'must be positive' }],
    ],
  ];
  for (const [name, answer, status, errors] of cases) {
    const { status: got, headers, json: problem } = await answer;
    t.equal(got, status, name);
    t.match(headers.get('content-type'), 'application/problem+json', name);
    t.match(problem, { status, title: STATUS_CODES[status], type: /^urn:clientele:problem:/, detail: /\w/, errors }, name);
    t.equal(headers.get('x-content-type-options'), 'nosniff', name);
    t.equal(headers.get('x-correlation-id'), 'abc-1', name);
    t.equal(problem['correlation_id'], headers.get('x-correlation-id'), name);
    t.notMatch(String(problem['detail']), /secrets|10\.0\.0\.1/, `${name}: no internals`);
  }
  t.equal((await ask('/things/1')).headers.get('allow'), 'POST');
  t.equal((await ask('/fails/unavailable')).headers.get('retry-after'), '3');
  t.equal((await ask('/fails/x')).headers.get('retry-after'), '1');
  t.ok(
    lines.some((line) => line.includes('select * from secrets') && line.includes('"correlationId":"abc-1"')),
    'the log says why',
  );
  const counts = (await ask('/metrics')).text;
  for (const status of [400, 414]) {
    t.equal(lines.filter((line) => line.includes(`"route":"unknown","status":${status},`) && line.includes('"correlationId":"abc-1"')).length, 1, `the log has the ${status}`);
    t.match(counts, new RegExp(`clientele_http_request_duration_seconds_count\\{.*route="unknown".*status="${status}".*\\} 1\n`));
  }
});

t.test('a key is asked for before the body is read', async (t) => {
  const { ask } = await startServer(t);
  const post = (headers: Record<string, string>, body = '{"amount":1,"kind":"a"}') =>
    ask('/things/1?wait=3', { method: 'POST', body, headers: { ...json, ...headers } });
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  for (const [how, headers, by] of [
    ['x-api-key', key, 'dev'],
    ['Bearer', { authorization: 'Bearer query-key' }, 'dev'],
    ['Bearer beside an empty x-api-key', { authorization: 'Bearer query-key', 'x-api-key': '' }, 'dev'],
    ['Basic', basic('any:query-key'), 'dev'],
    ['another list', { 'x-api-key': 'admin-key' }, 'ops'],
  ] as const)
  {
    const answer = await post(headers);
    t.strictSame(answer.json, { by, wait: 3, amount: 1 }, how);
    t.strictSame([answer.headers.get('cache-control'), answer.headers.get('x-content-type-options')], ['no-store', 'nosniff'], how);
  }
  for (const headers of [
    {},
    { 'x-api-key': 'wrong' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer wrong' },
    basic('query-key:'),
    { authorization: 'Negotiate query-key' },
  ]) {
    const { status, headers: answered } = await post(headers, '{"broken');
    t.equal(status, 401, JSON.stringify(headers));
    t.match(answered.get('www-authenticate'), 'Bearer');
  }
});

t.test('a correlation id is taken if well-formed, else the body’s, else a new one', async (t) => {
  const { ask, lines } = await startServer(t);
  const sent = async (id: string | null, path = '/raw') =>
    (await ask(path, { method: 'POST', body: '{}', headers: { ...json, ...(id === null ? {} : { 'x-correlation-id': id }) } })).headers.get(
      'x-correlation-id',
    );
  t.equal(await sent('order:42.a-b_c'), 'order:42.a-b_c');
  t.equal(await sent(null), 'transaction-7');
  t.equal(await sent('bad id"}'), 'transaction-7');
  t.equal(await sent('x'.repeat(129)), 'transaction-7');
  t.match(await sent(null, '/nothing'), /^[0-9a-f-]{36}$/);
  t.ok(
    lines.every((line) => line.includes('correlationId') || line.includes('Server listening')),
    'it is in every line',
  );
});

t.test('numbers in answers keep their digits; slashes at the end do not matter', async (t) => {
  const { ask } = await startServer(t);
  t.equal((await ask('/exact/')).text, '{"commitNumber":1745500706683617281,"amount":100.50}');
  t.equal((await ask('/text')).text, '{"n":1745500706683617281}');
  t.match((await ask('/text')).headers.get('content-type'), 'application/json');
});

t.test('health, metrics and docs are open', async (t) => {
  const { ask, health, lines } = await startServer(t);
  t.match((await ask('/health/live')).json, { status: 'live' });
  t.strictSame((await ask('/health/ready')).json, { status: 'ready', failing: [], checks: [] });
  t.equal((await ask('/health/progress')).status, 200);
  health.check('database', () => {
    throw new Error('password authentication failed for user "clientele_query"');
  });
  const unready = await ask('/health/ready/');
  t.equal(unready.status, 503);
  t.strictSame(unready.json['failing'], [{ name: 'database', reason: 'cannot be used: the log of this service says why' }]);
  t.match((await ask('/metrics')).text, /clientele_http_request_duration_seconds_count\{.*route="\/health\/ready".*status="503".*\} 1/);
  t.notMatch(lines.join(''), '"status":503', 'what a probe is told is not a failed request');
  t.equal((await ask('/docs')).status, 200);
  t.equal((await ask('/docs/static/index.html')).status, 200);
  const { json: openapi } = await ask('/openapi.json');
  t.match(openapi, {
    openapi: '3.1.0',
    paths: { '/things/{id}': { post: {
      requestBody: { content: { 'application/json': { schema: { properties: { kind: {} } } } } },
      responses: { default: { content: { 'application/problem+json': { schema: { title: 'Problem' } } } } },
    } },
      '/health/ready': { get: { responses: { 200: reportOf('ready'), 503: reportOf('unready') } } },
      '/health/progress': { get: { responses: { 200: reportOf('moving'), 503: reportOf('stuck') } } },
    },
  });
});

function reportOf(status: string) {
  const name = { type: 'string' };
  const properties = { status: { enum: [status] }, failing: { items: { properties: { name } } }, checks: { items: { properties: { name, ok: { type: 'boolean' } } } } };
  return { content: { 'application/json': { schema: { properties } } } };
}

t.test('what is not HTTP gets an answer that is', async (t) => {
  const { port, lines, server } = await startServer(t);
  const known = 'connection: close\r\nx-correlation-id: abc-1\r\n';
  for (const [sent, status, correlationId] of [
    ['HELLO\r\n\r\n', 400, '[0-9a-f-]{36}'],
    [`GET /health/live HTTP/1.1\r\n${known}\r\n`, 400, 'abc-1'],
    [`GET /health/live HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n${known}\r\n`, 417, 'abc-1'],
    [`CONNECT 10.0.0.1:443 HTTP/1.1\r\nhost: x\r\n${known}\r\n`, 501, 'abc-1'],
  ] as const) {
    const answer = await sendRaw(port, sent);
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} .*application/problem\\+json.*"status":${status},.*"correlation_id":"${correlationId}"`, 's'), sent);
    for (const header of [`x-correlation-id: ${correlationId}\r\n`, 'x-content-type-options: nosniff\r\n']) t.match(answer, new RegExp(header), sent);
    t.ok(lines.some((line) => line.includes(`"status":${status},`) && new RegExp(`"correlationId":"${correlationId}"`).test(line)), `the log has ${sent}`);
  }
  for (const fine of [`POST /raw HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n${known}\r\n`, `POST /raw HTTP/1.0\r\nexpect: tea\r\n${known}\r\n`])
    t.match(await sendRaw(port, fine), /HTTP\/1\.1 200 /, fine);
  t.equal(Reflect.get(server, 'connectionsCheckingInterval'), 1_000, 'a sender that stalls is found within a second of its time');
});

t.test('a closing server answers what it has taken, and keeps no connection', async (t) => {
  const { port, slow, slowTaken, close } = await startServer(t);
  const answers = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n'));
    socket
      .on('data', (data) => (text += data.toString()))
      .on('close', () => resolve(text))
      .on('error', reject);
    slow.once('closing', () => socket.write('GET /second HTTP/1.1\r\nhost: x\r\n\r\n'));
    slowTaken.then(close).catch(reject);
  });
  t.match(answers, /^HTTP\/1\.1 200 .*"slow":true.*HTTP\/1\.1 200 .*connection: close.*"second":true/is);
});
