import { Accounting, EventReadDTO, exactNumber } from '@clientele/contracts';
import { Health } from '@clientele/service-kit';
import { eventually, keyedRoutesContract, spawnService, tcpProxy } from '@clientele/testing';
import { Value } from '@sinclair/typebox/value';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { advance, startDatabases } from './support/databases.ts';
import { insertChange, insertEvents, insertGolden, insertLedger, insertRecord, ORG, uuid } from './support/rows.ts';
import { startQuery } from './support/service.ts';

const databases = await startDatabases();
const { read, log, server } = databases;
const query = await startQuery(databases, 3);
t.teardown(async () => {
  await query.close();
  await databases.stop();
});
const { ask } = query;
const waiting = (count: number) =>
  eventually(`${count} requests are held`, () => query.metric('clientele_query_waiting_requests'), { until: (open) => open === count });
const keyed = { headers: { 'x-api-key': 'query-key' } };

await advance(read, 1);

t.test('a change is shown with what became of it, every digit and every repeat', async (t) => {
  const id = '20250424-applied';
  await insertChange(read, id, 'processed', uuid(1));
  await insertLedger(log, id, 'applied', 2);
  const { status, text, json } = await ask(`/events/${id}`);
  t.equal(status, 200);
  t.ok(text.includes('"data":{"AnnualRevenue":100.50,"Big":1745500706683617281}'));
  t.ok(Value.Check(EventReadDTO, json), JSON.stringify([...Value.Errors(EventReadDTO, json)].slice(0, 3)));
  t.match(json, {
    id,
    status: 'processed',
    outcome: 'applied',
    aggregate_id: uuid(1),
    position: '7',
    repeats: 2,
    source: ORG,
    errors: [],
    warnings: [],
  });
});

t.test('a parked change tells how often it was taken up again, and when it is next', async (t) => {
  await insertChange(read, '20250424-parked', 'parked');
  t.match((await ask('/events/20250424-parked')).json, { status: 'parked', attempts: 0, next_attempt_at: null });
  await insertLedger(log, '20250424-parked', 'parked', 0, { attempts: 3, nextAttemptAt: '2025-04-24T15:00:00Z' });
  const { json } = await ask('/events/20250424-parked');
  t.ok(Value.Check(EventReadDTO, json), JSON.stringify([...Value.Errors(EventReadDTO, json)].slice(0, 3)));
  t.match(json, { status: 'parked', outcome: 'parked', reason: 'unsupported_change', attempts: 3, next_attempt_at: '2025-04-24T15:00:00.000Z' });
  await log.query("delete from clientele.ledger where command_id = '20250424-parked'");
});

t.test('a change that is not known yet is to be asked for again; what is no change id is not', async (t) => {
  const unknown = await ask('/events/20250424-unknown?wait=0');
  t.match([unknown.status, unknown.headers.get('retry-after')], [404, '1']);
  for (const id of ['nonsense', '20251399-x', '0015f00000AbCdEAAV', '20250424-a%00b', '00000101-x']) {
    const { status, headers } = await ask(`/events/${id}`);
    t.match([status, headers.get('retry-after')], [404, null], id);
  }
  await insertLedger(log, '20250424-order', 'applied', 0, { type: 'EditParked' });
  const order = await ask('/events/20250424-order');
  t.match([order.status, order.headers.get('retry-after')], [404, null], 'an order that was carried out is told of elsewhere, for good');
  t.match(order.json, { detail: /is an order about a dead letter/ });
  await insertLedger(log, '20250424-behind', 'applied', 0);
  await insertLedger(log, '20250424-refused', 'rejected', 0, { type: 'EditParked' });
  for (const id of ['20250424-behind', '20250424-refused']) t.equal((await ask(`/events/${id}`)).headers.get('retry-after'), '1', 'the view will come to it');
  await log.query("delete from clientele.ledger where command_id in ('20250424-order', '20250424-behind', '20250424-refused')");
  t.match((await ask('/events/20250424-unknown?wait=31')).json, { status: 400, errors: [{ path: 'query.wait' }] });
});

t.test('wait holds the answer until the change is decided, whichever way, told or untold', async (t) => {
  for (const [id, status, told] of [
    ['20250424-later', 'processed', true],
    ['20250425-stuck', 'parked', false],
  ] as const) {
    const held = ask(`/events/${id}?wait=30`);
    await waiting(1);
    await insertChange(read, id, status);
    await advance(read, told ? 2 : 3, told);
    t.match((await held).json, { id, status, repeats: 0 });
  }
  await waiting(0);
});

t.test('a wait ends with its time, its caller, or its place', async (t) => {
  t.equal((await ask('/events/20250424-never?wait=1')).status, 404);
  const leaving = new AbortController();
  const held = [1, 2, 3].map(() =>
    fetch(`${query.origin}/events/20250424-never?wait=30`, { ...keyed, signal: leaving.signal }).catch(() => null),
  );
  await waiting(3);
  const refused = await ask('/events/20250424-never?wait=30');
  t.match([refused.status, refused.headers.get('retry-after')], [503, '1']);
  t.equal((await ask('/events/20250424-never')).status, 404, 'who does not wait is served all the same');
  leaving.abort();
  await Promise.all(held);
  await waiting(0);
});

t.test('history is every event in order, page by page, with every digit and what is personal', async (t) => {
  const stream = uuid(7);
  await insertEvents(log, stream, [
    [
      { path: 'Name', value: 'Ada' },
      { path: 'Email', value: 'ada@example.com' },
    ],
    [{ path: 'Amount', value: exactNumber('100.50') }],
    [{ path: 'Name', value: 'Ada L.' }],
  ]);
  const first = await ask(`/clients/${stream}/history?limit=2`);
  t.ok(first.text.includes('"Amount":100.50'), first.text);
  t.match(first.json, {
    position: '3',
    items: [
      {
        version: 1,
        event_type: 'Created',
        aggregate_id: stream,
        aggregate_type: 'client',
        position: '1',
        details: { fields: { Name: 'Ada', Email: 'ada@example.com' } },
        metadata: { change_id: '20250424-0', clock: { commit_number: '1745500706683617281' }, broadcast: true },
      },
      { version: 2, event_type: 'Updated', changed: ['Amount'] },
    ],
  });
  const rest = await ask(`/records/client/${stream}/history?limit=2&cursor=${String(first.json['next_cursor'])}`);
  t.match(rest.json, { items: [{ version: 3 }], next_cursor: null });
  t.equal((rest.json['items'] as unknown[]).length, 1);
  t.equal((await ask(`/clients/${uuid(8)}/history`)).status, 404);
  t.equal((await ask(`/contacts/${stream}/history`)).status, 404, 'it is no contact');
  t.equal(
    (await ask(`/clients/${uuid(8)}/history?cursor=${String(first.json['next_cursor'])}`)).status,
    400,
    'the cursor is of another record',
  );
  await insertEvents(log, uuid(9), [5, 5, 5].map((megabytes) => [{ path: 'Name', value: 'x'.repeat(megabytes * 1024 * 1024) }]));
  const large = await ask(`/clients/${uuid(9)}/history`);
  t.equal((large.json['items'] as unknown[]).length, 2, 'a page ends before it is too large');
  t.match((await ask(`/clients/${uuid(9)}/history?cursor=${String(large.json['next_cursor'])}`)).json, { items: [{ version: 3 }], next_cursor: null });
});

t.test('history tells in words and times which read, which window and which cause', async (t) => {
  await insertGolden(log, 'log-0002.jsonl');
  const { json } = await ask('/clients/0195f3c2-7b1a-7c3d-8e4f-1234567890ab/history');
  const items = json['items'] as { summary: string; details: object }[];
  t.match(items.map(({ summary }) => summary), [
    /^Updated by a change of 2025-04-24T\S+Z; of Description, Phone only a difference came, whose text is not known; others are not told while it is in doubt$/,
    'In doubt since 2025-04-24T12:38:29.000Z: a text came as its difference from one that is not known',
    /^Updated by a read of 2025-\S+Z that saw every change before 2025-04-24T12:38:32.750Z and none after 2025-04-24T12:38:37.999Z$/,
    'No longer in doubt, and others are told of what was kept from them',
    'Converted into Account 0015f00002HhYYYAAV',
    /^Deleted by a read of .*, and found it deleted$/,
    /^Merged into Account 0015f00002HhZZZAAV, told by a read of /,
  ]);
  t.match(items[1]?.details, { since: '2025-04-24T12:38:29.000Z', since_change: '20250424-DDDDDDDDDDDDDDDDDDDDDDDDDDD', reason: 'diff', gap: true });
  t.match(items[2]?.details, { read: { from: '2025-04-24T12:38:32.750Z', until: '2025-04-24T12:38:37.999Z', result: 'found', id: String } });
  t.match(items[6]?.details, { survivor: { externalId: '0015f00002HhZZZAAV' }, read: { from: '2025-04-24T12:38:32.750Z' } });
  await log.query(`update clientele.events set metadata = jsonb_set(jsonb_set(metadata::jsonb, '{change,kind}', '"read"'), '{change,source_change_type}', '"read: gap"')::json where position = 15`);
  const again = (await ask('/clients/0195f3c2-7b1a-7c3d-8e4f-1234567890ab/history?limit=3')).json['items'] as typeof items;
  t.match(again[2], { summary: /a read of \S+ for gap that saw/, details: { read: { cause: 'gap' } } });
});

t.test('accounting adds up, in total and by source, and shows what is missing', async (t) => {
  await log.query(`insert into clientele.accepted_counts (source, accepted, lost, repeats) values ($1, 9, 0, 2), ('', 0, 1, 0)`, [ORG]);
  await insertLedger(log, '20250424-ignored', 'ignored', 0);
  await insertLedger(log, '20250424-garbage', 'quarantined', 0, { source: null });
  // Answers to reads and orders are commands like others: accepted, each with its row, and told apart from changes.
  for (const [n, outcome] of ['applied', 'superseded'].entries()) await insertLedger(log, `20250424-read${n}`, outcome, 0, { type: 'RecordRead' });
  for (const type of ['RedriveParked', 'DiscardParked']) await insertLedger(log, `20250424-${type}`, 'applied', 0, { type });
  await log.query(`insert into clientele.lane_checkpoints (lane, epoch, pending) values ('commands.0', 1, 4)`);
  const { json } = await ask('/accounting');
  t.ok(Value.Check(Accounting, json), JSON.stringify([...Value.Errors(Accounting, json)].slice(0, 3)));
  t.match(json, {
    accepted: 6,
    repeats: 2,
    lost: 1,
    in_flight: 4,
    outcomes: { applied: 1, ignored: 1, quarantined: 1, parked: 0 },
    unaccounted: 1,
    reads: 2,
    orders: 2,
    position: '6',
    sources: { [ORG]: { accepted: 5, repeats: 2, unaccounted: 1, reads: 2, orders: 2 }, unknown: { accepted: 1, unaccounted: 0, reads: 0 } },
  });
  const unaccounted = async () => (await ask('/accounting')).json['unaccounted'];
  // A change is parked and taken up again: its row moves, and nothing else does.
  await log.query('update clientele.accepted_counts set accepted = accepted + 2 where source = $1', [ORG]);
  await insertLedger(log, '20250424-waits', 'parked', 0);
  await insertLedger(log, '20250424-order', 'applied', 0, { type: 'RedriveParked' });
  t.equal(await unaccounted(), 1);
  await log.query("update clientele.ledger set outcome = 'applied', attempts = 1 where command_id = '20250424-waits'");
  t.match((await ask('/accounting')).json, { unaccounted: 1, orders: 3, outcomes: { parked: 0, applied: 2 } });
  await log.query("delete from clientele.ledger where command_id = '20250424-read0'");
  t.equal(await unaccounted(), 2, 'the row of a read that is gone shows as well');

  const outcomes = ['applied', 'superseded', 'ignored', 'parked', 'quarantined', 'rejected', 'discarded', 'erased'];
  for (const [n, outcome] of outcomes.entries()) {
    for (let row = 0; row <= n; row += 1) await insertLedger(log, `20250424-${outcome}-${row}`, outcome, 0, { source: 'hubspot:1' });
  }
  const counted = Object.fromEntries(outcomes.map((outcome, n) => [outcome, n + 1]));
  t.match((await ask('/accounting')).json, { sources: { 'hubspot:1': { outcomes: counted } } }, 'each under its own name');
});

await keyedRoutesContract(t, query.origin);

t.test('the API describes itself', async (t) => {
  const { json } = await ask('/openapi.json', {});
  const paths = Object.keys(json['paths'] as object);
  for (const path of [
    '/clients',
    '/contacts/{id}',
    '/opportunities/{id}/history',
    '/leads',
    '/records/{type}/{id}',
    '/events/{id}',
    '/accounting',
  ])
    t.ok(paths.includes(path), path);
  t.match(JSON.stringify(json), /commit_number/);
  t.match(json, { paths: { '/clients/{id}': { get: { responses: { 200: {}, 304: { description: /If-None-Match/ }, default: {} } } } } });
});

t.test('the service starts, ends its waiting at once when told to stop, and exits with 0', async (t) => {
  const { readUrl, logUrl } = databases;
  const entry = fileURLToPath(new URL('../src/main.js', import.meta.url));
  const env = { NODE_ENV: 'test', QUERY_PORT: '0', READ_DATABASE_URL: readUrl, EVENT_LOG_URL: logUrl };
  const service = await spawnService(entry, env);
  t.teardown(() => service.kill('SIGKILL'));
  const origin = await eventually('it listens', () => /listening at (http:\/\/[^"]+)/.exec(service.output())?.[1] ?? null);
  const headers = { 'x-api-key': 'dev-query-key' };
  t.equal((await fetch(`${origin}/health/ready`)).status, 200);
  t.equal((await fetch(`${origin}/clients`, { headers })).status, 200);
  const held = fetch(`${origin}/events/20250424-never?wait=30`, { headers });
  await eventually('it is held', async () =>
    (await (await fetch(`${origin}/metrics`)).text()).includes('clientele_query_waiting_requests{service="query"} 1'),
  );
  service.kill('SIGTERM');
  t.equal((await held).status, 404);
  t.equal(await service.exited, 0);
  t.notMatch(service.output(), /of-this-test/, 'no password is logged');
  const misconfigured = await spawnService(entry, {});
  t.equal(await misconfigured.exited, 2);
  for (const variable of ['READ_DATABASE_URL', 'EVENT_LOG_URL', 'QUERY_API_KEYS', 'ADMIN_API_KEYS'])
    t.match(misconfigured.output(), variable);
});

t.test('a database that no longer answers does not keep the service from stopping', async (t) => {
  const listeners = async () => (await read.query(`select from pg_stat_activity where application_name = 'clientele-query-listen' and query like 'listen%'`)).rowCount;
  await eventually('the first one listens', listeners, { until: (count) => count === 1 });
  const proxy = await tcpProxy(server.port);
  t.teardown(() => proxy.close());
  const url = new URL(databases.readUrl);
  url.port = String(proxy.port);
  const frozen = await startQuery({ ...databases, readUrl: url.href });
  await eventually('this one listens', listeners, { until: (count) => count === 2 });
  proxy.pause();
  await t.resolves(frozen.close());
});

t.test('while the database is away callers are told so, and it is found again', async (t) => {
  await insertRecord(read, { id: uuid(50) });
  await server.kill();
  for (const path of [`/clients/${uuid(50)}`, '/clients', '/events/20250424-applied', '/accounting', `/clients/${uuid(7)}/history`]) {
    const { status, headers, json } = await ask(path);
    t.match([status, headers.get('retry-after'), json['detail']], [503, /\d/, /try again later/], path);
  }
  const unready = await ask('/health/ready', {});
  t.match([unready.status, unready.json['failing']], [503, [{ name: 'read database', reason: 'cannot be used: the log of this service says why' }]]);
  t.equal((await ask('/health/live', {})).status, 200);
  await server.restart();
  await eventually('it serves again', async () => (await ask(`/clients/${uuid(50)}`)).status === 200);
  t.equal((await ask('/health/ready', {})).status, 200);
  await eventually('it listens again', async () => {
    return (await read.query(`select from pg_stat_activity where application_name = 'clientele-query-listen'`)).rowCount === 1;
  });
});

t.test('without the event log records are served, and progress says what is not', async (t) => {
  let now = 0;
  const apart = await startQuery({ ...databases, logUrl: 'postgres://nobody:nothing@127.0.0.1:9/nowhere' }, undefined, new Health({ now: () => now }));
  t.teardown(async () => await apart.close());
  t.match(await apart.ask('/health/ready'), { status: 200 });
  t.match(await apart.ask('/accounting'), { status: 503 });
  now = 31_000;
  t.match(await apart.ask('/health/progress'), { status: 503, json: { failing: [{ name: 'event log' }] } });
});
