import { UnavailableError, ValidationError, type Command, type ProcessCrmEvent, type QuarantineBody } from '@clientele/contracts';
import { createMetrics, Health } from '@clientele/service-kit';
import type { InjectOptions } from 'fastify';
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { bodyLimit } from '../src/broker/body-limit.ts';
import { CountedDispatcher } from '../src/broker/counted-dispatcher.ts';
import { watchBroker } from '../src/broker/watch-broker.ts';
import { accounts, body, config, ingestApp, KEY, RELAY, SOURCE, WatchedLanes } from './support.ts';

function post(payload: string | Buffer, headers: Record<string, string> = {}): InjectOptions {
  return { method: 'POST', url: '/events/salesforce/', payload, headers: { 'x-api-key': KEY, 'content-type': 'application/json; charset=utf-8', ...headers } };
}

function processing(commands: readonly Command[]): ProcessCrmEvent[] {
  return commands.filter((command) => command.type === 'ProcessCrmEvent');
}

function quarantined(commands: readonly Command[]): QuarantineBody[] {
  return commands.filter((command) => command.type === 'QuarantineBody');
}

t.test('stored: 202 with the change as it can be read later', async (t) => {
  const { app, lanes } = await ingestApp();
  const eventBridge = { range: 'bytes=0-1048575', connection: 'close', 'accept-encoding': 'gzip,deflate', 'user-agent': 'Amazon/EventBridge/ApiDestinations' };
  const answer = await app.inject(post(body(1), eventBridge));
  t.equal(answer.statusCode, 202);
  t.match(answer.json(), {
    id: /^20250424-[\w-]{27}$/, event_type: 'Updated', source: SOURCE, entity: 'Account', aggregate_type: 'client', external_id: '0015f00002JUZPDAA5',
    status: 'accepted', outcome: null, reason: null, errors: [], warnings: [], processed_at: null, aggregate_id: null, position: null, repeats: 0,
    metadata: { clock: { commit_number: '1745500706683617281' }, correlation_id: 'transaction-1' },
  });
  t.match(answer.body, /"AnnualRevenue":1250000\.50[,}]/, 'every digit');
  const { id } = answer.json<{ id: string }>();
  t.match(answer.headers, { location: `https://clientele.example.com/events/${id}?wait=5`, 'content-type': /^application\/json/, 'x-correlation-id': 'transaction-1' });
  const [command] = processing(lanes.stored);
  t.match(command, { type: 'ProcessCrmEvent', schemaVersion: 1, commandId: id, provider: 'salesforce', correlationId: 'transaction-1', event: { id } });
  t.ok(body(1).includes(command?.rawEvent ?? 'nothing') && command?.rawEvent.startsWith('{"Name":"Acme","AnnualRevenue":1250000.50'), 'the raw text of the record goes along');

  const repeat = await app.inject(post(body(1)));
  t.strictSame({ ...repeat.json(), received_at: '' }, { ...answer.json(), received_at: '' }, 'a repetition gets the same answer');
  t.equal(repeat.headers.location, answer.headers.location);
});

t.test('stored: several records are several changes, an entity without a mapping is one too', async (t) => {
  const { app, lanes } = await ingestApp();
  const several = await app.inject(post(body(1, { recordIds: accounts(3) })));
  const changes = several.json<{ id: string; external_id: string }[]>();
  t.strictSame([several.statusCode, changes.length, new Set(changes.map(({ id }) => id)).size], [202, 3, 3]);
  t.equal(several.headers.location, `https://clientele.example.com/events/${changes[0]?.id}?wait=5`);
  t.strictSame(processing(lanes.stored).map(({ commandId }) => commandId), changes.map(({ id }) => id));
  const unmapped = await app.inject(post(body(2).replace('"Account"', '"Invoice__c"')));
  t.match([unmapped.statusCode, unmapped.json()], [202, { entity: 'Invoice__c', aggregate_type: null, status: 'accepted' }]);
  const gap = await app.inject(post(body(3).replace('"UPDATE"', '"GAP_UPDATE"')));
  t.match([gap.statusCode, gap.json()], [202, { metadata: { kind: 'gap', source_change_type: 'GAP_UPDATE' } }]);
});

t.test('correlation: the caller\'s, else the transaction\'s, else a new one', async (t) => {
  const { app, lanes } = await ingestApp();
  const id = async (text: string, headers = {}): Promise<unknown> => (await app.inject(post(text, headers))).headers['x-correlation-id'];
  t.equal(await id(body(1), { 'x-correlation-id': 'mine-1' }), 'mine-1');
  t.equal(await id(body(2), { 'x-correlation-id': 'not well formed!' }), 'transaction-2');
  t.match(await id(body(3).replace('transaction-3', 'not well formed!')), /^[0-9a-f-]{36}$/);
  t.match(await id('{'), /^[0-9a-f-]{36}$/);
  t.strictSame(lanes.stored.map(({ correlationId }) => correlationId).slice(0, 2), ['mine-1', 'transaction-2'], 'the commands carry it');
});

t.test('not authentic: 401 before a byte of the body is read', async (t) => {
  const { app, lanes } = await ingestApp();
  t.teardown(() => app.close());
  for (const key of ['', 'wrong', `${KEY}x`, `any:${KEY}`]) {
    const answer = await app.inject(post('{"truncated":', { 'x-api-key': key }));
    t.match([answer.statusCode, answer.json()], [401, { status: 401, errors: [] }], `key ${key}`);
    t.notOk('quarantine_id' in answer.json<object>());
  }
  const accepted = await Promise.all([{ authorization: `Bearer ${KEY}` }, { authorization: `Basic ${Buffer.from(`user:${KEY}`).toString('base64')}` }].map((headers, at) =>
    app.inject({ ...post(body(at), headers), headers: { 'content-type': 'application/json', ...headers } })));
  t.strictSame(accepted.map(({ statusCode }) => statusCode), [202, 202], 'Bearer and Basic');
  t.equal(lanes.stored.length, 2, 'nothing else was kept');

  const socket = connect({ port: Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port), host: '127.0.0.1' });
  t.teardown(() => socket.destroy());
  socket.write('POST /events/salesforce HTTP/1.1\r\nhost: x\r\nx-api-key: wrong\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n');
  const [first] = await once(socket, 'data') as [Buffer];
  t.match(first.toString('utf8'), /^HTTP\/1\.1 401 [\s\S]*"status":401/, 'the answer is there while the body is still to come');
});

t.test('a key that is bound to a source speaks for that source alone', async (t) => {
  const { app, lanes } = await ingestApp();
  const status = async (payload: string, key: string): Promise<number> => (await app.inject(post(payload, { 'x-api-key': key }))).statusCode;
  t.equal(await status(body(1), 'bound-key'), 202);
  t.equal(await status(body(2), 'other-key'), 401, 'EventBridge repeats a 401, so that a key can be put right without a loss');
  t.equal(await status(body(3, { source: 'aws.partner/salesforce.com/00D000000000002EAA/0YL' }), 'bound-key'), 401, 'nor for a source that nobody knows');
  t.equal(lanes.stored.length, 1);
  t.equal(await status('not JSON', 'bound-key'), 400);
  t.match(quarantined(lanes.stored)[0], { source: SOURCE, reason: 'unintelligible' }, 'what it sends and nobody understands is of its source');
});

t.test('unintelligible: 400 that names the field, the body kept whole before', async (t) => {
  const { app, lanes } = await ingestApp();
  const cases: [string, string | Buffer, string][] = [
    ['truncated', body(1).slice(0, 300), 'body'],
    ['empty', '', 'body'],
    ['no UTF-8', Buffer.of(0x7b, 0xff), 'body'],
    ['gzip', Buffer.of(0x1f, 0x8b, 0x08, 0x00), 'body'],
    ['an array', `[${body(1)}]`, 'body'],
    ['a string for a number', body(1).replace('"sequenceNumber":1', '"sequenceNumber":"1"'), 'detail.payload.ChangeEventHeader.sequenceNumber'],
    ['a lower-cased id', body(1, { recordIds: ['0015f00002juzpdaa5'] }), 'detail.payload.ChangeEventHeader.recordIds[0]'],
    ['a key that is no field', body(1).replace('"Name"', '"__proto__"'), 'detail.payload.__proto__'],
    ['no source', body(1).replace('"source"', '"origin"'), 'source'],
  ];
  for (const [name, payload, path] of cases) {
    const answer = await app.inject(post(payload));
    const problem = answer.json<{ quarantine_id: string }>();
    t.equal(answer.statusCode, 400, name);
    t.match(answer.headers, { 'content-type': /^application\/problem\+json/ }, name);
    t.match(problem, { status: 400, errors: [{ path }], quarantine_id: /^19700101-[\w-]{27}$/ }, name);
    const kept = quarantined(lanes.stored).at(-1);
    t.match(kept, { commandId: problem.quarantine_id, provider: 'salesforce', source: null, reason: 'unintelligible', errors: [{ path }] }, name);
    t.ok(Buffer.from(kept?.body ?? '', 'base64').equals(Buffer.from(payload)), `${name}: byte for byte`);
    const again = await app.inject(post(payload));
    t.equal(again.json<{ quarantine_id: string }>().quarantine_id, problem.quarantine_id, `${name}: a repetition has the same id`);
  }
  t.equal(new Set(quarantined(lanes.stored).map(({ commandId }) => commandId)).size, cases.length, 'different bodies have different ids');
  lanes.failNext(0, new UnavailableError('full', 2500));
  const refused = await app.inject(post('{'));
  t.match([refused.statusCode, refused.headers], [503, { 'retry-after': '3' }], 'what cannot be kept is not refused for good');
});

t.test('unknown source: 202 and set aside; in development it is taken under its own name', async (t) => {
  const sandbox = body(1, { source: 'aws.partner/salesforce.com/00D000000000002EAA/0YL' });
  const appFlow = body(2, { source: 'aws.partner/appflow/salesforce.com/123456789012/accounts' });
  const { app, lanes } = await ingestApp();
  const answer = await app.inject(post(sandbox));
  t.equal(answer.statusCode, 202);
  t.match(answer.json(), { status: 'quarantined', reason: 'unknown_source', quarantine_id: /^19700101-/, detail: /00D000000000002EAA/, correlation_id: 'transaction-1' });
  t.match(quarantined(lanes.stored), [{ source: null, reason: 'unknown_source', errors: [{ path: 'source', code: 'unknown_source' }] }]);
  t.match((await app.inject(post(appFlow))).json(), { status: 'quarantined' });
  t.equal(processing(lanes.stored).length, 0, 'no ghosts');

  const matching = await ingestApp({ config: config(`[{ id: "${SOURCE}", provider: salesforce, match: ["aws.partner/appflow/*", "${RELAY}"] }]`) });
  const sources = await Promise.all([appFlow, body(2)].map(async (text) => (await matching.app.inject(post(text))).json<{ id: string; source: string }>()));
  t.strictSame(sources.map(({ source }) => source), [SOURCE, SOURCE], 'AppFlow by its `match`');
  t.equal(sources[0]?.id, sources[1]?.id, 'and then it is the same change that a relay brings');

  const development = await ingestApp({ development: true });
  const own = await Promise.all([sandbox, appFlow].map(async (text) => (await development.app.inject(post(text))).json<{ source: string }>().source));
  t.strictSame(own, ['salesforce:00D000000000002EAA', 'salesforce:aws.partner/appflow/salesforce.com/123456789012/accounts']);
});

t.test('broker away: 503, and the repetition of what was stored in part completes it', async (t) => {
  const { app, lanes } = await ingestApp();
  const several = body(1, { recordIds: accounts(5) });
  lanes.failNext(2, new UnavailableError('the broker went away'));
  const refused = await app.inject(post(several));
  t.match([refused.statusCode, refused.headers, refused.json()], [503, { 'retry-after': '1' }, { status: 503 }]);
  const part = lanes.stored.map(({ commandId }) => commandId);
  const repeated = await app.inject(post(several));
  const ids = repeated.json<{ id: string }[]>().map(({ id }) => id);
  t.equal(repeated.statusCode, 202);
  t.strictSame([part, lanes.stored.map(({ commandId }) => commandId)], [ids.slice(0, 2), [...ids.slice(0, 2), ...ids]], 'under the same ids');
  lanes.failNext(0, new ValidationError('larger than max_payload'));
  t.equal((await app.inject(post(body(2)))).statusCode, 413);
  lanes.failNext(0, new TypeError('a bug'));
  const bug = await app.inject(post(body(3)));
  t.match([bug.statusCode, bug.body], [500, /^(?!.*a bug)/], 'what fails inside is not told outside');
});

t.test('a body above the limit: 413, also to a sender that is still writing', async (t) => {
  const { app, lanes } = await ingestApp();
  t.teardown(() => app.close());
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });
  const piece = new Uint8Array(50_000).fill(0x20);
  const headers = { 'x-api-key': KEY, connection: 'close', 'content-type': 'application/json' };
  const declared = await fetch(`${origin}/events/salesforce`, { method: 'POST', headers, body: new Uint8Array(10_000_000) });
  const streamed = await fetch(`${origin}/events/salesforce`, { method: 'POST', headers, body: ReadableStream.from(Array.from({ length: 200 }, () => piece)), duplex: 'half' });
  t.strictSame([declared.status, streamed.status], [413, 413]);
  t.match(await declared.json(), { status: 413, detail: /^The body is larger than this route takes: send at most \d+ bytes at a time$/ });
  await streamed.text();

  for (const [key, status] of [[KEY, 413], ['wrong', 401]] as const) {
    const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1' });
    socket.write(`POST /events/salesforce HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nconnection: close\r\ncontent-length: ${200 * piece.length}\r\n\r\n`);
    const [answer] = await once(socket, 'data') as [Buffer];
    t.match(answer.toString('utf8'), new RegExp(`^HTTP/1.1 ${status} `));
    for (let sent = 0; sent < 200; sent += 1) if (!socket.write(piece)) await once(socket, 'drain');
    await once(socket, 'close');
    t.equal(socket.bytesWritten > 200 * piece.length, true, 'the whole body could be written, nobody reset the connection');
  }
  t.equal((await app.inject(post(' '.repeat(64 * 1024)))).statusCode, 400, 'at the limit it is read');
  t.equal(quarantined(lanes.stored).length, 1);
});

t.test('content types do not matter, routes and methods do', async (t) => {
  const { app } = await ingestApp();
  for (const type of ['application/json', 'text/plain', 'application/cloudevents+json', 'nonsense', '']) {
    t.equal((await app.inject(post(body(1), { 'content-type': type }))).statusCode, 202, type);
  }
  t.equal((await app.inject({ ...post(body(1)), url: '/events/salesforce' })).statusCode, 202, 'without a slash at the end');
  t.equal((await app.inject({ ...post(body(1)), method: 'PUT' })).statusCode, 405);
  t.equal((await app.inject({ ...post(body(1)), url: '/events/zoho' })).statusCode, 404);
});

t.test('operation: metrics by stage, result and reason; the API description shows the DTOs', async (t) => {
  const { app, lanes } = await ingestApp();
  await app.inject(post(body(1, { recordIds: accounts(2) })));
  await app.inject(post(body(2).replace('"UPDATE"', '"GAP_OVERFLOW"')));
  await app.inject(post('{'));
  await app.inject(post(body(3), { 'x-api-key': 'wrong' }));
  await app.inject(post(body(4, { source: 'elsewhere' })));
  lanes.failNext(0, new UnavailableError('away'));
  await app.inject(post(body(5)));
  const metrics = (await app.inject('/metrics')).body;
  const value = (name: string, ...labels: string[]): string | undefined =>
    metrics.split('\n').find((line) => line.startsWith(`clientele_${name}{`) && labels.every((label) => line.includes(label)))?.split(' ').at(-1);
  t.equal(value('ingest_changes_total', 'kind="change"'), '2');
  t.equal(value('ingest_changes_total', 'kind="entity_gap"'), '1');
  t.equal(value('ingest_requests_total', 'result="accepted"', 'reason="stored"'), '2');
  t.equal(value('ingest_requests_total', 'result="quarantined"', 'reason="unknown_source"'), '1');
  for (const reason of ['unintelligible', 'not_authentic', 'unavailable']) t.equal(value('ingest_requests_total', 'result="refused"', `reason="${reason}"`), '1', reason);
  for (const [stage, count] of [['auth', '5'], ['parse', '5'], ['map', '3'], ['dispatch', '5']] as const) {
    t.equal(value('ingest_stage_duration_seconds_count', `stage="${stage}"`), count, `stage ${stage}`);
  }
  const description = (await app.inject('/openapi.json')).body;
  for (const name of ['SalesforceEventDTO', 'SalesforcePayload', 'SalesforceChangeEventHeader', 'EventReadDTO', 'Problem']) t.ok(description.includes(`"title":"${name}"`), name);
  t.match(JSON.parse(description), { paths: { '/events/salesforce': { post: { responses: { 202: {}, 400: {}, 401: {}, 413: {}, 503: {}, default: {} } } } } });
});

t.test('work is stuck when something waits for the broker and for 30 s nothing was stored', async (t) => {
  const time = { now: 0 };
  const health = new Health({ now: () => time.now });
  t.teardown(() => health.stopping());
  const counted = new CountedDispatcher(new WatchedLanes());
  const { app } = await ingestApp({ dispatcher: counted });
  let queue = { inFlight: 0, queuedBytes: 0, oldestWaitMs: 0 };
  watchBroker({ link: {} as never, lanes: 4, dispatcher: { status: () => queue } as never, counted, health, metrics: createMetrics('ingest') });
  const movesAfter = async (ms: number): Promise<boolean> => {
    time.now += ms;
    return (await health.progressing()).ok;
  };
  t.ok(await movesAfter(60_000), 'nothing waits');
  for (const waiting of [{ inFlight: 1 }, { queuedBytes: 1 }]) {
    queue = { inFlight: 0, queuedBytes: 0, oldestWaitMs: 0, ...waiting };
    t.ok(await movesAfter(29_000));
    await app.inject(post(body(1)));
    t.ok(await movesAfter(29_000), 'meanwhile something was stored');
    t.notOk(await movesAfter(30_000), JSON.stringify(waiting));
    queue = { inFlight: 0, queuedBytes: 0, oldestWaitMs: 0 };
    t.ok(await movesAfter(0));
  }
});

t.test('the limit of bodies follows what the broker takes', async (t) => {
  t.equal(bodyLimit(16 * 1024 * 1024), 4 * 1024 * 1024);
  t.equal(bodyLimit(1024 * 1024), Math.floor((1024 * 1024 - 16 * 1024) / 3));
  t.throws(() => bodyLimit(512 * 1024), { name: 'RangeError', message: /max_payload is 524288 bytes, and ingest needs at least 802816/ });
});
