import { eventually } from '@clientele/testing';
import { createVerify } from 'node:crypto';
import { inspect } from 'node:util';
import t, { type Test } from 'tap';
import { account, accountId, failure, KEYS, records, SECRET, testRuntime, type Fixture } from './salesforce-records-fixture.ts';
import { error, html, json, type Responder } from './salesforce-server.ts';

const ID = accountId(1);

async function org(t: Test, ...options: Parameters<typeof records> extends [Test, ...infer Rest] ? Rest : never): Promise<Fixture> {
  const fixture = await records(t, ...options);
  fixture.server.records.set('Account', [account(1)]);
  return fixture;
}

t.test('client credentials: one token for many calls at once, asked for once more when it is refused', async (t) => {
  const { server, source, reports } = await org(t);
  await Promise.all(Array.from({ length: 10 }, async () => await source.count('Account')));
  t.equal(server.tokenCalls.length, 1);
  t.strictSame([...new URLSearchParams(server.tokenCalls[0]!.body)], [['grant_type', 'client_credentials'], ['client_id', 'the-client'], ['client_secret', SECRET]]);
  server.token = 'revoked';
  await Promise.all(Array.from({ length: 10 }, async () => await source.count('Account')));
  t.equal(server.tokenCalls.length, 2, 'one flight for all');
  t.match(reports[0], { source: 'salesforce:00D5f000005KcCnEAK', operation: 'token', outcome: 'ok' });
  t.equal(reports.filter(({ operation, outcome }) => operation === 'count' && outcome === 'unauthorised').length, 10);
  const late: (() => void)[] = [];
  server.script.push((response, call) => {
    late.push(() => error(401, 'INVALID_SESSION_ID')(response, call));
  }, error(401, 'INVALID_SESSION_ID'));
  const first = source.count('Account');
  await eventually('the first call is on its way', () => late[0], { until: (answer) => answer !== undefined });
  await source.count('Account');
  t.equal(server.tokenCalls.length, 3);
  late[0]?.();
  await first;
  t.equal(server.tokenCalls.length, 3, 'a refusal of the token before it asks for no other');
  server.script.push(error(401, 'INVALID_SESSION_ID'), error(401, 'INVALID_SESSION_ID'));
  t.match(await failure(source.count('Account')), { kind: 'unauthorised', status: 401, code: 'INVALID_SESSION_ID' }, 'refused with a new token too');
  t.equal(server.tokenCalls.length, 4);
});

t.test('JWT bearer: an assertion that the public key proves', async (t) => {
  const { server, source, runtime } = await org(t, {
    login_url: 'here', credentials: { type: 'jwt_bearer', client_id: '${CLIENT_ID}', private_key: '${PRIVATE_KEY}', username: '${USERNAME}' },
  });
  await source.count('Account');
  const form = new URLSearchParams(server.tokenCalls[0]!.body);
  t.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [head = '', claims = '', signature = ''] = form.get('assertion')!.split('.');
  const decoded = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  t.strictSame(decoded(head), { alg: 'RS256', typ: 'JWT' });
  const aud = `http://${server.tokenCalls[0]!.headers.host}`;
  t.strictSame(decoded(claims), { iss: 'the-client', sub: 'integration@example.com', aud, exp: Math.floor(runtime.now() / 1000) + 180 });
  t.ok(createVerify('RSA-SHA256').update(`${head}.${claims}`).verify(KEYS.publicKey, Buffer.from(signature, 'base64url')));
});

t.test('credentials that are refused are not tried again at once; a token goes to its own instance', async (t) => {
  const { server, source, runtime } = await org(t);
  const refused: Responder = (response) => json(response, 400, { error: 'invalid_client_id', error_description: `client identifier invalid ${SECRET}` });
  server.tokenScript.push(refused, refused);
  const first = await failure(source.count('Account'));
  t.match(first, { kind: 'unauthorised', code: 'invalid_client_id', retryAt: new Date(runtime.now() + 60_000) });
  t.notMatch(inspect(first), SECRET);
  await failure(source.count('Account'));
  t.equal(server.tokenCalls.length, 1, 'within a minute');
  runtime.advance(60_000);
  await failure(source.count('Account'));
  t.equal(server.tokenCalls.length, 2);
  runtime.advance(60_000);
  const other = await org(t);
  server.tokenScript.push((response) => json(response, 200, { access_token: other.server.token, instance_url: `http://${String(other.server.tokenCalls[0]?.headers.host)}/` }));
  await other.source.count('Account');
  server.tokenScript.length = 0;
  server.tokenScript.push((response) => json(response, 200, { access_token: other.server.token, instance_url: `http://${other.server.calls[0]!.headers.host}/` }));
  await source.count('Account');
  t.equal(other.server.calls.length, 2, 'instance_url is where the token is good');
  t.equal(server.calls.length, 0);
  for (const answer of [{}, { access_token: 'a\r\nb' }, { access_token: 7 }, { access_token: 'x', instance_url: 'ftp://elsewhere' }]) {
    const { server, source } = await org(t);
    server.tokenScript.push(...Array.from({ length: 3 }, (): Responder => (response) => json(response, 200, answer)));
    t.match(await failure(source.count('Account')), { kind: 'unavailable' }, JSON.stringify(answer));
  }
});

t.test('no error and no thing that could be logged holds a secret', async (t) => {
  const { server, source } = await org(t);
  await source.count('Account');
  const { token } = server;
  server.script.push((response, { headers }) => json(response, 400, [{ errorCode: 'MALFORMED_QUERY', message: `you sent ${String(headers.authorization)}` }]));
  const said = await failure(source.count('Account'));
  t.match(said, { kind: 'invalid', message: 'count Account: 400 MALFORMED_QUERY: you sent Bearer ***' });
  t.notMatch(inspect(said, { depth: 10 }), token);
  t.notMatch(inspect(source, { depth: 10, showHidden: true }), new RegExp(`${token}|very.secret`));
});

t.test('every answer is told by what can be done about it', async (t) => {
  const at = Date.parse('2026-05-07T22:00:00.000Z');
  const after = (seconds: number): Date => new Date(at + seconds * 1000);
  const date = { date: new Date(at).toUTCString() };
  const cases: [string, Responder, Record<string, unknown>, number][] = [
    ['403 limit', error(403, 'REQUEST_LIMIT_EXCEEDED'), { kind: 'rate_limited', status: 403, retryAt: after(60) }, 1],
    ['503 limit', error(503, 'REQUEST_LIMIT_EXCEEDED', { 'retry-after': '7' }), { kind: 'rate_limited', retryAt: after(7) }, 1],
    ['429', (response) => json(response, 429, ''), { kind: 'rate_limited', retryAt: after(60), code: null }, 1],
    ['429 with a date', error(429, 'TOO_MANY', { ...date, 'retry-after': new Date(at + 20_000).toUTCString() }), { kind: 'rate_limited', retryAt: after(20) }, 1],
    ['429 with nonsense', error(429, 'TOO_MANY', { 'retry-after': '-5' }), { kind: 'rate_limited', retryAt: after(60) }, 1],
    ['500', error(500, 'UNKNOWN_EXCEPTION'), { kind: 'unavailable', status: 500, code: 'UNKNOWN_EXCEPTION' }, 3],
    ['503 html', html(503), { kind: 'unavailable', status: 503, code: null }, 3],
    ['200 html', html(200), { kind: 'unavailable', status: 200 }, 3],
    ['404 html', html(404), { kind: 'unavailable', status: 404 }, 3],
    ['403 html', html(403), { kind: 'unavailable', status: 403 }, 3],
    ['wrong content type', (response) => json(response, 200, '{"totalSize":1}', { 'content-type': 'text/plain' }), { kind: 'unavailable', message: /text\/plain/ }, 3],
    ['truncated', (response) => { response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' }); response.write('{"totalSize":'); setImmediate(() => response.destroy()); }, { kind: 'unavailable', code: 'connection' }, 3],
    ['whole, but half a document', (response) => json(response, 200, '{"totalSize":'), { kind: 'unavailable', status: 200 }, 3],
    ['cut off', (response) => response.destroy(), { kind: 'unavailable', code: 'connection' }, 3],
    ['an error of nulls', (response) => json(response, 500, [null]), { kind: 'unavailable', status: 500 }, 3],
    ['nulls before the error', (response) => json(response, 400, [null, { errorCode: 'MALFORMED_QUERY', message: 'x' }]), { kind: 'invalid', code: 'MALFORMED_QUERY' }, 1],
    ['no answer to what was asked', (response) => json(response, 200, [null]), { kind: 'unavailable', message: /holds no count/ }, 1],
    ['elsewhere', (response) => { response.writeHead(302, { location: 'https://example.com' }); response.end(); }, { kind: 'invalid', status: 302 }, 1],
    ['no access', error(403, 'INSUFFICIENT_ACCESS'), { kind: 'unauthorised', status: 403 }, 1],
    ['no such thing', error(404, 'NOT_FOUND'), { kind: 'not_found', status: 404 }, 1],
    ['no such entity', error(400, 'INVALID_TYPE'), { kind: 'not_found', code: 'INVALID_TYPE' }, 1],
    ['a query that is none', error(400, 'MALFORMED_QUERY'), { kind: 'invalid' }, 1],
    ['no date', (response) => { response.sendDate = false; json(response, 200, { totalSize: 1 }); }, { kind: 'unavailable', message: /no Date/ }, 3],
    ['deep nonsense', (response) => json(response, 200, '['.repeat(1_000_000)), { kind: 'unavailable' }, 3],
  ];
  for (const [name, responder, expected, attempts] of cases) {
    const { server, source, runtime } = await org(t, {}, { callTimeoutMs: 5_000 });
    await source.count('Account');
    server.calls.length = 0;
    server.script.push(...Array.from({ length: attempts }, () => responder));
    const said = await failure(source.count('Account'));
    t.match(said, expected, name);
    t.equal(server.calls.length, attempts, `${name}: ${attempts} attempts`);
    if (said.kind === 'rate_limited') runtime.advance((said.retryAt?.getTime() ?? 0) - runtime.now());
    t.equal((await source.count('Account')).count, 1, `${name}: and then it is well`);
  }
});

t.test('a hanging answer ends with its time, whether head or body hangs; so does one that is too large', async (t) => {
  const { server, source, reports } = await org(t, {}, { callTimeoutMs: 150, maxAnswerBytes: 1000 });
  await source.count('Account');
  const hangs: Responder = () => undefined;
  const trickles: Responder = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"totalSize":');
  };
  for (const responder of [hangs, trickles]) {
    server.script.push(responder, responder, responder);
    t.match(await failure(source.count('Account')), { kind: 'unavailable', code: 'timeout', message: /no whole answer within 150 ms/ });
    t.equal((await source.count('Account')).count, 1);
  }
  server.script.push((response) => json(response, 200, { totalSize: 1, filler: 'x'.repeat(2000) }));
  t.match(await failure(source.count('Account')), { kind: 'invalid', code: 'too_large' });
  t.strictSame([...new Set(reports.map(({ outcome }) => outcome))].sort(), ['ok', 'too_large', 'unavailable']);
});

t.test('what may pass is tried again, after delays with jitter, inside a deadline', async (t) => {
  const { server, source, runtime } = await org(t);
  server.script.push(error(500, 'UNKNOWN_EXCEPTION'), error(500, 'UNKNOWN_EXCEPTION'));
  t.match(await source.count('Account'), { count: 1, calls: 3 });
  t.strictSame(runtime.slept, [500, 1000], 'half of what they may be, as chance has it here');
  server.script.push(error(503, 'SERVER_UNAVAILABLE', { 'retry-after': '9' }));
  t.match(await source.count('Account'), { count: 1, calls: 2 });
  t.equal(runtime.slept.at(-1), 9000, 'never sooner than asked');
  server.script.push(error(503, 'SERVER_UNAVAILABLE', { 'retry-after': '600' }));
  t.match(await failure(source.count('Account')), { kind: 'unavailable', retryAt: new Date(runtime.now() + 600_000) }, 'beyond the deadline it is the caller who comes back');
  t.equal(runtime.slept.length, 3);
});

t.test('the breaker: five failures in a row, then one trial in each half minute', async (t) => {
  const { server, source, runtime } = await org(t);
  t.strictSame(source.breaker(), { state: 'closed', failures: 0, retryAt: null });
  await source.count('Account');
  const broken = error(500, 'UNKNOWN_EXCEPTION');
  server.script.push(broken, broken, broken, broken, broken);
  await failure(source.count('Account'));
  t.match(source.breaker(), { state: 'closed', failures: 3 });
  server.calls.length = 0;
  const opened = await failure(source.count('Account'));
  t.match(opened, { kind: 'unavailable', code: 'circuit_open' });
  t.equal(server.calls.length, 2, 'the fifth failure opens it, and nothing is tried again');
  const { retryAt } = source.breaker();
  t.strictSame(source.breaker(), { state: 'open', failures: 5, retryAt });
  t.equal(opened.retryAt?.getTime(), retryAt);
  const slept = runtime.slept.length;
  t.match(await failure(source.count('Account')), { code: 'circuit_open', retryAt: new Date(retryAt ?? 0) });
  t.equal(server.calls.length, 2);
  t.equal(runtime.slept.length, slept, 'who is refused does not wait for it either');
  runtime.advance((retryAt ?? 0) - runtime.now());
  server.script.push(broken);
  const results = await Promise.allSettled([1, 2, 3].map(async () => await source.count('Account')));
  t.strictSame(results.map(({ status }) => status), ['rejected', 'rejected', 'rejected']);
  t.equal(server.calls.length, 3, 'one trial');
  t.match(source.breaker(), { state: 'open', failures: 6 });
  runtime.advance(30_000);
  const inFlight: Promise<unknown>[] = [];
  server.script.push((response) => {
    t.match(source.breaker(), { state: 'half_open' });
    inFlight.push(failure(source.count('Account')).then(({ code }) => t.equal(code, 'circuit_open', 'no second one beside it')));
    setImmediate(() => json(response, 200, { totalSize: 3, done: true }));
  });
  t.match(await source.count('Account'), { count: 3 });
  await Promise.all(inFlight);
  t.strictSame(source.breaker(), { state: 'closed', failures: 0, retryAt: null });
});

t.test('a limit that is reached opens no breaker; the account\'s usage is told', async (t) => {
  const { server, source, reports, runtime } = await org(t);
  t.equal(source.limits(), null);
  server.script.push(...Array.from({ length: 7 }, () => error(403, 'REQUEST_LIMIT_EXCEEDED', { 'sforce-limit-info': 'api-usage=5000/5000' })));
  for (let call = 0; call < 7; call += 1) {
    await failure(source.count('Account'));
    runtime.advance(60_000);
  }
  t.match(source.breaker(), { state: 'closed', failures: 0 });
  t.strictSame(source.limits(), { used: 5000, max: 5000, at: runtime.now() - 60_000 });
  server.limitInfo = 'per-app-api-usage=17/250(appName=clientele); api-usage=26/5000';
  await source.count('Account');
  t.match(source.limits(), { used: 26, max: 5000 });
  server.limitInfo = 'nonsense';
  await source.count('Account');
  t.match(source.limits(), { used: 26, max: 5000 }, 'what tells nothing changes nothing');
  t.match(reports.at(-1), { operation: 'count', outcome: 'ok', limits: { used: 26 } });
});

t.test('who is asked to come back later is left alone until then, whoever would ask', async (t) => {
  const { server, source, runtime } = await org(t);
  server.script.push(error(429, 'TOO_MANY_REQUESTS', { 'retry-after': '20' }));
  const { retryAt } = await failure(source.count('Account'));
  t.strictSame(retryAt, new Date(runtime.now() + 20_000));
  runtime.advance(19_999);
  for (const asking of [source.fetchOne('Account', ID), source.relayFeedback(), source.count('Account')]) {
    t.match(await failure(asking), { kind: 'rate_limited', status: 429, code: 'TOO_MANY_REQUESTS', retryAt });
  }
  t.equal(server.calls.length, 1);
  runtime.advance(1);
  t.match(await source.count('Account'), { count: 1, calls: 1 });
  server.script.push(error(503, 'SERVER_UNAVAILABLE', { 'retry-after': '600' }));
  t.match(await failure(source.count('Account')), { kind: 'unavailable', status: 503 });
  const asked = server.calls.length;
  t.match(await failure(source.relayFeedback()), { kind: 'unavailable', status: 503, retryAt: new Date(runtime.now() + 600_000) });
  t.equal(server.calls.length, asked);
});

t.test('a call\'s window: from its Date less its duration to the end of that second', async (t) => {
  const elapsed = [0, 0, 0, 1000, 1400, 1450];
  const base = testRuntime();
  const runtime = { ...base, elapsed: () => elapsed.shift() ?? 2000 };
  const { server, source } = await org(t, {}, { runtime });
  server.now = new Date('2026-05-07T22:29:47.000Z');
  await source.count('Account');
  elapsed.push(0, 0, 0, 1000, 1400.2, 1450.4);
  const { window } = await source.count('Account');
  t.strictSame(window, { from: '2026-05-07T22:29:46.549Z', until: '2026-05-07T22:29:48.050Z' });
});

t.test('what is no id, entity or cursor is refused before anything is asked', async (t) => {
  const { server, source } = await org(t);
  const wrong = { name: 'ValidationError' };
  await t.rejects(source.fetchOne('Account', "' OR Id != '"), wrong);
  await t.rejects(source.fetchMany('Account', [ID, '001*']), wrong);
  await t.rejects(source.survivors('Account', [ID.toLowerCase()]), wrong);
  await t.rejects(source.count('Account WHERE'), wrong);
  await t.rejects(source.fetchOne('../limits', ID), wrong);
  for (const after of ['', '{}', '[', '{"since":null,"stamp":null,"id":"x"}', '{"since":"now","stamp":null,"id":"x"}']) {
    await t.rejects(source.changedSince('Account', { after, since: null }), wrong, after);
  }
  const stamped = JSON.stringify({ since: "x' OR", stamp: "2026-05-07T22:29:47.000Z' OR", id: ID });
  await t.rejects(source.deletedSince('Account', { after: stamped, since: null }), wrong);
  t.equal(server.calls.length, 0);
});
