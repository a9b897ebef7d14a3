import { eventually } from '@clientele/testing';
import t from 'tap';
import { listStatement, type ListRequest } from '../src/records/record-list.ts';
import { advance, startDatabases } from './support/databases.ts';
import { insertRecord, ORG, uuid } from './support/rows.ts';
import { startQuery } from './support/service.ts';

const databases = await startDatabases();
const { read } = databases;
const query = await startQuery(databases);
t.teardown(async () => {
  await query.close();
  await databases.stop();
});
const { ask, items } = query;

const NAMES = ['Ångström Labs', 'Brill & Söhne', 'Cosmos AG', 'Delta', 'Epsilon', 'Zeta', 'Eta'];
await advance(read, 41);
for (const [index, name] of NAMES.entries()) {
  await insertRecord(read, {
    id: uuid(index),
    externalId: `0015f00000AbCd${index}AAV`,
    words: [name],
    fields: JSON.stringify({ Name: name }),
    status: index % 2 === 0 ? 'Active' : 'Draft',
    lifecycle: index === 6 ? 'deleted' : 'active',
    source: index === 5 ? 'hubspot:1' : ORG,
    updatedAt: `2025-06-0${index + 1}T00:00:00Z`,
    createdAt: `2025-01-0${7 - index}T00:00:00Z`,
  });
}

t.test('a record keeps every digit, shows its sources, and names whom it refers to', async (t) => {
  const references = [
    { field: 'AccountId', source: ORG, entity: 'Account', external_id: '0015f00000AbCd0AAV', aggregate_type: 'client' },
    { field: 'ReportsToId', source: ORG, entity: 'Contact', external_id: '0035f00000Nobody', aggregate_type: 'contact' },
    { field: 'OwnerId', source: ORG, entity: 'User', external_id: '0055f00000AbCd0AAV', aggregate_type: null },
  ];
  const fields = '{"Amount":100.50,"Number":1745500706683617281,"Name":{"First":"Ada"}}';
  await insertRecord(read, {
    id: uuid(100),
    type: 'contact',
    entity: 'Contact',
    externalId: '0035f00000AbCd0AAV',
    fields,
    references,
    position: 40,
  });
  const answer = await ask(`/contacts/${uuid(100)}/`);
  t.equal(answer.status, 200);
  t.match(answer.headers.get('content-type'), 'application/json');
  t.ok(answer.text.includes(`"fields":${fields},`), 'the fields are the stored text');
  t.match(answer.json, {
    id: uuid(100),
    type: 'contact',
    version: 3,
    lifecycle: 'active',
    complete: true,
    dirty_since: null,
    superseded_by: null,
    position: '40',
    created_at: '2025-01-01T00:00:00.000Z',
    updated_at: '2025-06-01T00:00:00.000Z',
    sources: [{ source: ORG, entity: 'Contact', external_id: '0035f00000AbCd0AAV', fields: { Amount: 100.5 } }],
    references: [
      { field: 'AccountId', aggregate_id: uuid(0) },
      { field: 'ReportsToId', aggregate_id: null },
      { field: 'OwnerId', aggregate_id: null },
    ],
  });
  await insertRecord(read, { id: uuid(101), type: 'contact', entity: 'Contact', externalId: '0035f00000Nobody' });
  t.match(
    (await ask(`/contacts/${uuid(100)}`)).json['references'],
    [{}, { aggregate_id: uuid(101) }, {}],
    'a reference is resolved once there is somebody',
  );
  const [moved, gone] = [uuid(102), uuid(103)];
  await insertRecord(read, { id: moved, entity: 'Account', externalId: '0015f00000AbCd0AAV', position: 9 });
  await insertRecord(read, { id: gone, entity: 'Account', externalId: '0015f00000AbCd0AAV', position: 10, lifecycle: 'deleted' });
  t.match((await ask(`/contacts/${uuid(100)}`)).json['references'], [{ aggregate_id: moved }], 'of several, the newest that is not deleted');
  await read.query('delete from clientele.records_2 where id = any($1)', [[moved, gone]]);
});

t.test('an id names its record in capitals too', async (t) => {
  const id = '0189abcd-0000-7000-8000-000000000000';
  await insertRecord(read, { id, type: 'lead', entity: 'Lead' });
  t.match(await ask(`/leads/${id.toUpperCase()}`), { status: 200, json: { id } });
});

t.test('an unchanged record is not sent again', async (t) => {
  const etag = (await ask(`/clients/${uuid(0)}`)).headers.get('etag') ?? '';
  const again = await ask(`/clients/${uuid(0)}`, { headers: { 'x-api-key': 'query-key', 'if-none-match': etag } });
  t.strictSame([again.status, again.text, again.headers.get('etag'), again.headers.get('cache-control')], [304, '', etag, 'private, no-cache']);
  for (const [has, status] of [[`W/${etag}`, 304], [`"x", ${etag}`, 304], ['*', 304], ['"x"', 200]] as const) {
    t.equal((await ask(`/clients/${uuid(0)}`, { headers: { 'x-api-key': 'query-key', 'if-none-match': has } })).status, status, has);
  }
});

t.test('what is not there, or not of the type, or not asked rightly, is refused as such', async (t) => {
  t.match((await ask(`/clients/${uuid(99)}`)).json, { status: 404, detail: `There is no client ${uuid(99)}` });
  t.equal((await ask(`/leads/${uuid(0)}`)).status, 404);
  t.match((await ask('/clients/0015f00000AbCd0AAV')).json, { status: 400, errors: [{ path: 'params.id' }] });
  t.match((await ask('/clients?lifecycle=gone&page=2&limit=0')).json, {
    errors: [{ path: 'query.page', code: 'unknown' }, { path: 'query.lifecycle' }, { path: 'query.limit' }],
  });
  for (const name of ['status', 'source', 'external_id', 'q']) t.match((await ask(`/clients?${name}=a%00b`)).json, { status: 400, errors: [{ path: `query.${name}`, message: /none of them a control character/ }] }, name);
  t.match((await ask('/clients?q=%25%25')).json, { status: 400, errors: [{ path: 'query.q', code: 'no_words' }] });
  t.equal((await ask('/clients', { headers: { authorization: 'Bearer admin-key' } })).status, 200);
});

t.test('lists are narrowed by each filter and by all together', async (t) => {
  const names = async (filter: string) =>
    (await items(`/clients?sort=created_at&${filter}`)).map(({ fields }) => (fields as { Name: string }).Name).sort();
  t.strictSame(await names('external_id=0015f00000AbCd2AAV'), ['Cosmos AG']);
  t.strictSame(await names('status=Draft'), ['Brill & Söhne', 'Delta', 'Zeta']);
  t.strictSame(await names('lifecycle=deleted'), ['Eta']);
  t.strictSame(await names('source=hubspot:1'), ['Zeta']);
  t.strictSame(await names('q=sohne'), ['Brill & Söhne'], 'accents do not matter');
  t.strictSame(await names('q=ANGST%20lab'), ['Ångström Labs'], 'nor does case, nor the end of a word');
  t.strictSame(await names('q=angst%20cosmos'), [], 'every word counts');
  t.strictSame(await names('status=Draft&source=hubspot:1&lifecycle=active&q=z'), ['Zeta']);
  t.strictSame((await items(`/records/client?external_id=0015f00000AbCd2AAV`)).length, 1);
  t.strictSame(await items('/records/project'), [], 'of a type that is mapped there may be none');
  t.match((await ask('/records/prject')).json, { status: 404, detail: 'There are no records of type prject. Known are: client, contact, lead, opportunity, project' });
});

t.test('records in doubt, never seen whole, or merged away are found, and hidden only where asked so', async (t) => {
  const type = 'doubtful';
  await insertRecord(read, { id: uuid(400), type });
  await insertRecord(read, { id: uuid(401), type, dirtySince: '2025-06-01T12:00:00Z', complete: false });
  await insertRecord(read, { id: uuid(402), type, lifecycle: 'deleted', survivor: 'ext-nobody' });
  const ids = async (filter: string) => (await items(`/records/${type}?sort=id&${filter}`)).map(({ id }) => Number(String(id).slice(-3)));
  t.strictSame(await ids(''), [400, 401, 402], 'nothing is hidden by itself');
  t.strictSame(await ids('dirty=true'), [401]);
  t.strictSame(await ids('dirty=false'), [400, 402]);
  t.strictSame(await ids('complete=false'), [401]);
  t.strictSame(await ids('complete=true'), [400, 402]);
  t.strictSame(await ids('superseded=true'), [402]);
  t.strictSame(await ids('superseded=false&dirty=false'), [400]);
  t.match((await ask(`/records/${type}/${uuid(401)}`)).json, { dirty_since: '2025-06-01T12:00:00.000Z', complete: false });
  t.match((await ask(`/records/${type}?dirty=perhaps`)).json, { status: 400, errors: [{ path: 'query.dirty' }] });
  t.equal((await ask(`/records/${type}?dirty=true&cursor=${String((await ask(`/records/${type}?limit=1`)).json['next_cursor'])}`)).status, 400);
});

t.test('a request with thousands of filters is refused in few words', async (t) => {
  const many = (name: (n: number) => string) => Array.from({ length: 1_000 }, (_, n) => `${name(n)}=x`).join('&');
  for (const query of [many(() => 'external_id'), many((n) => `f${n}`)]) {
    const { status, json } = await ask(`/clients?${query}`);
    t.equal(status, 400);
    t.ok((json['errors'] as unknown[]).length <= 20);
  }
  t.equal((await ask(`/clients?q=${'a%20'.repeat(6_000)}`)).status, 431);
});

t.test('a CRM’s own short spelling of an id finds the record', async (t) => {
  await insertRecord(read, { id: uuid(200), type: 'lead', externalId: '00Q5f000004ZlZqEAK' });
  t.match(await items('/leads?external_id=00Q5f000004ZlZq'), [{ id: uuid(200) }]);
  t.strictSame(await items('/leads?external_id=00Q5f000004zlzq'), [], 'case matters in 15 characters');
});

t.test('each sort goes both ways, and pages meet without a gap or a repeat', async (t) => {
  for (const [sort, ids] of [
    ['id', [0, 1, 2, 3, 4, 5, 6]],
    ['updated_at', [0, 1, 2, 3, 4, 5, 6]],
    ['created_at', [6, 5, 4, 3, 2, 1, 0]],
  ] as const) {
    for (const [direction, expected] of [
      ['', ids],
      ['-', [...ids].reverse()],
    ] as const) {
      const seen: unknown[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { json, status } = await ask(`/clients?limit=2&sort=${direction}${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`);
        t.equal(status, 200);
        t.equal(json['position'], '41');
        seen.push(...(json['items'] as { id: string }[]).map(({ id }) => id));
        cursor = json['next_cursor'] as string | null;
      }
      t.strictSame(seen, expected.map(uuid), `${direction}${sort}`);
    }
  }
});

t.test('pages stay right while records come and go, and among equal times', async (t) => {
  const type = 'invoice';
  for (let number = 300; number < 310; number += 1)
    await insertRecord(read, { id: uuid(number), type, updatedAt: '2025-06-01T00:00:00.123456Z' });
  const first = await ask('/records/invoice?limit=4');
  await insertRecord(read, { id: uuid(320), type, updatedAt: '2025-07-01T00:00:00Z' });
  await read.query('delete from clientele.records_2 where id = $1', [uuid(308)]);
  const rest = await items(`/records/invoice?cursor=${String(first.json['next_cursor'])}`);
  t.strictSame(
    [...(first.json['items'] as { id: string }[]), ...rest].map(({ id }) => id),
    [309, 308, 307, 306, 305, 304, 303, 302, 301, 300].map(uuid),
  );
});

t.test('a cursor is of its own list alone, and a made-up one is refused', async (t) => {
  const cursor = String((await ask('/clients?limit=2&status=Draft')).json['next_cursor']);
  const refused = async (path: string) => t.match((await ask(path)).json, { status: 400, errors: [{ path: 'query.cursor' }] }, path);
  await refused(`/clients?status=Active&cursor=${cursor}`);
  await refused(`/clients?status=Draft&sort=id&cursor=${cursor}`);
  await refused(`/contacts?status=Draft&cursor=${cursor}`);
  const forged = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as [string, [string, string]];
  forged[1][0] = "'; drop table";
  await refused(`/clients?status=Draft&cursor=${Buffer.from(JSON.stringify(forged)).toString('base64url')}`);
  for (const text of ['x', '%00', Buffer.from('[1]').toString('base64url'), Buffer.from('{').toString('base64url')])
    await refused(`/clients?cursor=${text}`);
});

t.test('many reads at once are each answered with their own record', async (t) => {
  const answers = await Promise.all(Array.from({ length: 300 }, (_, index) => ask(`/clients/${uuid(index % 10)}`)));
  for (const [index, { status, json }] of answers.entries()) {
    if (index % 10 < 7) t.equal(json['id'], uuid(index % 10));
    else t.equal(status, 404);
  }
});

t.test('?after= holds the answer until the view has seen the position', async (t) => {
  const late = await ask('/clients?after=42&wait=0');
  t.match([late.status, late.headers.get('retry-after'), late.json['detail']], [503, '1', /has not reached position 42 within 0 s/]);
  const held = Promise.all(['/clients?limit=1', `/clients/${uuid(0)}?`].map((path) => ask(`${path}&after=42&wait=30`)));
  await eventually('both are held', () => query.metric('clientele_query_waiting_requests'), { until: (waiting) => waiting === 2 });
  await advance(read, 42);
  const [list, one] = await held;
  t.match([list?.status, list?.json['position'], one?.status], [200, '42', 200]);
  t.equal((await ask('/clients?after=7&wait=0')).status, 200, 'what it has seen long ago needs no waiting');
  t.match((await ask('/clients?after=-1')).json, { status: 400, errors: [{ path: 'query.after' }] });
});

t.test('a projector that tells nobody, or whose word is lost, holds nobody up', async (t) => {
  const held = ask('/clients?after=43&wait=30');
  await eventually('it is held', () => query.metric('clientele_query_waiting_requests'), { until: (waiting) => waiting === 1 });
  await advance(read, 43, false);
  t.equal((await held).status, 200);
  await read.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'clientele-query-listen'`);
  await read.query(`select pg_notify('clientele_views', '{nonsense')`);
  await eventually(
    'it listens again',
    async () => (await read.query(`select from pg_stat_activity where application_name = 'clientele-query-listen'`)).rowCount === 1,
  );
});

t.test('lists come by an index, however many records there are', async (t) => {
  await read.query(`
    insert into clientele.records_2 (id, type, provider, source, entity, external_id, version, lifecycle, complete, status, fields,
      external_references, state, search, created_at, updated_at, position)
    select gen_random_uuid(), 'bulk', 'salesforce', 's', 'Account', 'e' || n, 1, 'active', true, 'S' || n % 5, '{}', '[]', '{}',
      array_to_tsvector(array['w' || n]), timestamptz '2020-01-01' + n * interval '1 s', timestamptz '2020-01-01' + n * interval '1 s', n
    from generate_series(1, 30000) n`);
  await read.query('analyze clientele.records_2');
  const base: ListRequest = { type: 'bulk', filters: {}, externalIds: [], sort: '-updated_at', limit: 50, cursor: null };
  const place: [string, string] = ['1577854800000000', uuid(1)];
  const cases: [string, ListRequest][] = [
    ['updated_at', base],
    ['created_at', { ...base, sort: 'created_at' }],
    ['id', { ...base, sort: 'id' }],
    ['status', { ...base, filters: { status: 'S3' } }],
    ['external_id', { ...base, filters: { external_id: 'e77' }, externalIds: ['e77'] }],
    ['search', { ...base, filters: { q: 'w77' } }],
    ['dirty', { ...base, filters: { dirty: true } }],
    ['incomplete', { ...base, filters: { complete: false } }],
    ['superseded', { ...base, filters: { superseded: true } }],
  ];
  for (const [name, request] of cases) {
    const { text, values } = listStatement(request, place);
    const { rows } = await read.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    t.match(plan, /Index/, `${name}:\n${plan}`);
    t.match(plan, /records_2_conversions/, 'and so does what became a record');
    if (['status', 'dirty', 'incomplete', 'superseded'].includes(name)) t.match(plan, `records_2_${name}`);
    t.notMatch(plan, /Seq Scan/, name);
  }
});

t.test('the service’s role reads the published views and nothing else', async (t) => {
  const { Client } = (await import('pg')).default;
  const client = new Client({ connectionString: databases.readUrl });
  await client.connect();
  t.teardown(() => client.end());
  for (const statement of [
    'update clientele.records_2 set version = 1',
    'select from clientele.records_2',
    'delete from published.records',
    'create table x ()',
  ]) {
    await t.rejects(client.query(statement), /permission denied/, statement);
  }
});
