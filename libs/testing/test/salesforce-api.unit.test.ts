import { generateKeyPairSync } from 'node:crypto';
import { stringifyExact } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import t from 'tap';
import { textOf } from './support/oracle.ts';
import { scene } from './support/salesforce-scene.ts';

t.test('tokens: by client credentials and by a signed assertion, for a while', async (t) => {
  const { server, client } = await scene(t);
  t.match(await client.login(), { status: 200, json: { token_type: 'Bearer', instance_url: server.baseUrl, issued_at: /^\d{13}$/, signature: String } });
  const { credentials } = (await scene(t, { client: { id: 'ours', secret: 'told before' } })).server;
  t.match(credentials, { clientId: 'ours', clientSecret: 'told before' });
  t.notOk('expires_in' in (await client.login()).json);
  const { clientId, clientSecret } = server.credentials;
  const basic = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` };
  t.equal((await client.login({ grant_type: 'client_credentials' }, basic)).status, 200);
  t.match(await client.login({ ...client.byCredentials(), client_secret: 'x' }), { status: 400, json: { error: 'invalid_client', error_description: String } });
  t.match(await client.login({ ...client.byCredentials(), client_id: 'x' }), { status: 400, json: { error: 'invalid_client_id' } });
  t.match(await client.login({ grant_type: 'password' }), { status: 400, json: { error: 'unsupported_grant_type' } });
  t.match(await client.login(client.byAssertion()), { status: 200, json: { access_token: /^00D/, instance_url: server.baseUrl, scope: 'api' } });
  t.equal((await client.get('limits')).status, 200);
  const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const [what, form] of Object.entries({
    key: client.byAssertion({}, foreign), issuer: client.byAssertion({ iss: 'x' }), user: client.byAssertion({ sub: 'x' }), audience: client.byAssertion({ aud: 'https://example.com' }),
    expired: client.byAssertion({ exp: Math.floor(Date.now() / 1000) - 60 }), 'too long': client.byAssertion({ exp: Math.floor(Date.now() / 1000) + 3600 }),
    nonsense: { ...client.byAssertion(), assertion: 'a.b.c' },
  })) t.match(await client.login(form), { status: 400, json: { error: 'invalid_grant', error_description: String } }, `wrong ${what}`);
  t.match(await client.get('limits'), { status: 401, json: [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }] }, 'no token');
  await client.login();
  server.expireTokens();
  t.equal((await client.get('limits')).status, 401, 'revoked');
  server.setTokenLife(0);
  await client.login();
  t.equal((await client.get('limits')).status, 401, 'expired');
});

t.test('a record: flat components and the compound, times with an offset, every digit', async (t) => {
  const { client, some, truth, org } = await scene(t);
  const account = [...truth.values()].find(({ entity, lifecycle, fields }) => entity === 'Account' && lifecycle === 'active' && fields.has('BillingAddress.Street') && fields.has('AnnualRevenue') && fields.has('Name'))!;
  const { json, text } = await client.get(`sobjects/Account/${account.externalId}`);
  const held = (path: string) => account.fields.get(path) ?? null;
  t.match(json, {
    attributes: { type: 'Account', url: `/services/data/v66.0/sobjects/Account/${account.externalId}` }, Id: account.externalId, IsDeleted: false, MasterRecordId: null,
    Name: held('Name'), BillingStreet: held('BillingAddress.Street'), BillingAddress: { street: held('BillingAddress.Street'), city: held('BillingAddress.City'), geocodeAccuracy: null },
    LastModifiedDate: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/, Tier__c: account.formulas!.get('Tier__c'),
  });
  t.ok(text.includes(`"AnnualRevenue":${stringifyExact(held('AnnualRevenue'))}`), 'digit for digit');
  t.strictSame((await client.get(`sobjects/Account/${account.externalId}?fields=Phone,BillingCity`)).json,
    { attributes: json.attributes, Id: account.externalId, Phone: held('Phone'), BillingCity: held('BillingAddress.City') });
  const lead = some('Lead');
  t.match((await client.get(`sobjects/Lead/${lead.externalId}`)).json, { LastName: lead.fields.get('Name.LastName'), Street: lead.fields.get('Address.Street') ?? null, IsConverted: Boolean });
  t.match(await client.get(`sobjects/Account/${some('Account', 'deleted').externalId}`), { status: 404, json: [{ errorCode: 'ENTITY_IS_DELETED', message: 'entity is deleted' }] });
  const purged = [...truth.values()].find((record) => record.purged)!;
  for (const path of [`sobjects/${purged.entity}/${purged.externalId}`, 'sobjects/Account/001000000000000AAA', `sobjects/Contact/${account.externalId}`, 'nothing', '/services/data/nothing']) {
    t.match(await client.get(path), { status: 404, json: [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }] }, path);
  }
  t.match(await client.get(`sobjects/Account/${account.externalId}?fields=Phne`), { status: 400, json: [{ errorCode: 'INVALID_FIELD', message: "No such column 'Phne' on sobject of type Account" }] });
  t.match(await client.get('sobjects/Accout/describe'), { status: 400, json: [{ errorCode: 'INVALID_TYPE', message: /sObject type 'Accout' is not supported/ }] });
  const { fields } = (await client.get('sobjects/Account/describe')).json;
  for (const expected of [
    { name: 'BillingStreet', compoundFieldName: 'BillingAddress', type: 'string' }, { name: 'BillingAddress', type: 'address' }, { name: 'Tier__c', calculated: true }, { name: 'LastName', compoundFieldName: 'Name' },
    { name: 'LastModifiedDate', type: 'datetime' }, { name: 'AnnualRevenue', type: 'currency' }, { name: 'ParentId', type: 'reference', referenceTo: ['Account'] },
  ]) t.match(fields.find(({ name }: { name: string }) => name === expected.name), expected);
  t.equal(fields.length, Object.keys(json).length - 1, 'a record has what the object is described with');
  t.equal((await client.get('sobjects')).json.sobjects.length, 4);
  t.ok((await client.get('/services/data')).json.length > 1);
  const person = [...truth.values()].find(({ fields: known, lifecycle }) => known.has('PersonContactId') && lifecycle === 'active')!;
  t.match((await client.get(`sobjects/Account/${person.externalId}`)).json, { IsPersonAccount: true, LastName: person.fields.get('Name.LastName'), Name: new RegExp(textOf(person.fields.get('Name.LastName'))) });
  t.equal(org.truth().length, truth.size, 'looking changes nothing');
});

t.test('collections keep order and length, nulls in place', async (t) => {
  const { client, some } = await scene(t);
  const [there, gone, other] = [some('Contact').externalId, some('Contact', 'deleted').externalId, some('Lead').externalId];
  const ids = [gone, there, '003000000000000AAA', other, there.slice(0, 15)];
  const { json } = await client.post('composite/sobjects/Contact', { ids, fields: ['LastName', 'MailingCity'] });
  t.match(json, [null, { attributes: { type: 'Contact' }, Id: there, LastName: String }, null, null, { Id: there }]);
  t.equal(json.length, ids.length);
  t.strictSame((await client.get(`composite/sobjects/Contact?ids=${ids.join()}&fields=LastName,MailingCity`)).json, json);
  t.match(await client.post('composite/sobjects/Contact', { ids, fields: ['LastNme'] }), { status: 400, json: [{ errorCode: 'INVALID_FIELD' }] });
  t.equal((await client.post('composite/sobjects/Contact', { ids: Array.from({ length: 2000 }, () => there), fields: ['Id'] })).json.length, 2000);
  t.equal((await client.post('composite/sobjects/Contact', { ids: Array.from({ length: 2001 }, () => there), fields: ['Id'] })).status, 400);
  t.match(await client.post('composite/sobjects/Contact', { ids: ['x'], fields: ['Id'] }), { status: 400, json: [{ errorCode: 'MALFORMED_ID' }] });
  t.match(await client.post('composite/sobjects/Contact', { fields: ['Id'] }), { status: 400, json: [{ errorCode: 'JSON_PARSER_ERROR' }] });
  t.equal((await client.get(`composite/sobjects/Contact?ids=${Array.from({ length: 1000 }, () => there).join()}&fields=Id`)).status, 414);
});

t.test('SOQL', async (t) => {
  const { client, truth } = await scene(t);
  const ids = async (where: string, all = false) => (await client.all(`SELECT Id FROM Account ${where}`, all)).map(({ Id }) => Id as string).sort();
  const those = (keep: (fields: ReadonlyMap<string, Json>, id: string) => boolean, deletedToo = false) => [...truth.values()]
    .filter(({ entity, fields, externalId, lifecycle, purged }) => entity === 'Account' && (lifecycle === 'active' || (deletedToo && !purged)) && keep(fields, externalId)).map(({ externalId }) => externalId).sort();
  t.strictSame(await ids(''), those(() => true));
  t.strictSame(await ids('', true), those(() => true, true));
  t.strictSame(await ids('WHERE IsDeleted = true', true), those((_, id) => truth.get(id)!.lifecycle === 'deleted', true));
  t.strictSame(await ids("where rating = 'HOT' and Industry != null"), those((fields) => fields.get('Rating') === 'Hot' && fields.has('Industry')));
  t.strictSame(await ids("WHERE (Rating IN ('Hot','Warm') OR NumberOfEmployees >= 100000) AND Newsletter__c = FALSE"),
    those((fields) => (['Hot', 'Warm'].includes(textOf(fields.get('Rating'))) || Number(fields.get('NumberOfEmployees') ?? 0) >= 100_000) && fields.get('Newsletter__c') === false));
  t.strictSame(await ids("WHERE NOT Rating = 'Hot'"), those((fields) => fields.get('Rating') !== 'Hot'));
  t.strictSame(await ids('WHERE CustomerSince__c > 1990-01-01'), those((fields) => textOf(fields.get('CustomerSince__c')) > '1990-01-01'));
  const [some = ''] = those(() => true);
  t.strictSame(await ids(`WHERE Id IN ('${some.slice(0, 15)}')`), [some]);
  t.strictSame(await ids(`WHERE Id NOT IN ('${some}')`), those((_, id) => id !== some));
  const times = [...truth.values()].filter(({ entity }) => entity === 'Account').map(({ fields }) => textOf(fields.get('LastModifiedDate'))).sort();
  const middle = times[Math.floor(times.length / 2)]!;
  for (const literal of [middle, middle.replace('.000Z', '+00:00')]) t.strictSame(await ids(`WHERE LastModifiedDate >= ${literal}`), those((fields) => textOf(fields.get('LastModifiedDate')) >= middle));
  const quoted = [...truth.values()].find(({ entity, lifecycle, fields }) => entity === 'Account' && lifecycle === 'active' && /["\\]/.test(textOf(fields.get('Name'))))!.fields.get('Name');
  t.strictSame(await ids(`WHERE Name = '${textOf(quoted).replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`), those((fields) => fields.get('Name') === quoted));
  const ordered = (await client.query('SELECT Id, Rating, LastModifiedDate FROM Account ORDER BY Rating DESC NULLS LAST, LastModifiedDate LIMIT 20')).json.records as { Rating: string | null; LastModifiedDate: string }[];
  t.equal(ordered.length, 20);
  t.ok(ordered.every((row, at) => at === 0 || (ordered[at - 1]!.Rating ?? '') > (row.Rating ?? '') || (ordered[at - 1]!.Rating === row.Rating && ordered[at - 1]!.LastModifiedDate <= row.LastModifiedDate)));
  t.strictSame((await client.query('SELECT COUNT() FROM Account')).json, { totalSize: those(() => true).length, done: true, records: [] });
  for (const [soql, errorCode] of [
    ['SELECT Id FROM Accout', 'INVALID_TYPE'], ['SELECT Nme FROM Account', 'INVALID_FIELD'], ['SELECT Id FROM Account WHERE Nme = 1', 'INVALID_FIELD'], ['SELECT Id FROM Account WHERE Rating = 1', 'INVALID_FIELD'],
    ["SELECT Id FROM Account WHERE LastModifiedDate > '2025-01-01'", 'INVALID_FIELD'], ["SELECT Id FROM Account WHERE Description = 'x'", 'INVALID_FIELD'], ['SELECT MasterRecordId FROM Opportunity', 'INVALID_FIELD'],
    ["SELECT Id FROM Account WHERE Rating = 'a' OR Rating = 'b' AND Phone = null", 'MALFORMED_QUERY'], ['SELECT FROM Account', 'MALFORMED_QUERY'], ['SELECT Id FROM Account WHERE', 'MALFORMED_QUERY'],
    ["SELECT Id FROM Account WHERE Rating = 'a", 'MALFORMED_QUERY'], ['SELECT Id FROM Account LIMIT x', 'MALFORMED_QUERY'], ['SELECT Id FROM Account GARBAGE', 'MALFORMED_QUERY'], ['', 'MALFORMED_QUERY'],
  ] as const) t.match(await client.query(soql), { status: 400, json: [{ errorCode }] }, soql);
  const { json } = await client.query('SELECT Status, LastRelayedEventTime, ErrorCode FROM EventRelayFeedback');
  t.match(json.records, [{ Status: 'RUNNING', LastRelayedEventTime: /\+0000$/, ErrorCode: null }]);
});

t.test('pages, and cursors that expire', async (t) => {
  const { client, server, truth, org } = await scene(t, { pageSize: 7 });
  const live = [...truth.values()].filter(({ entity, lifecycle }) => entity === 'Contact' && lifecycle === 'active').length;
  const first = (await client.query('SELECT Id, Title FROM Contact')).json;
  t.match(first, { totalSize: live, done: false, nextRecordsUrl: /^\/services\/data\/v66\.0\/query\/01g\w+-7$/ });
  t.equal(first.records.length, 7);
  const all = await client.all('SELECT Id FROM Contact');
  t.equal(new Set(all.map(({ Id }) => Id)).size, live);
  server.expireCursors();
  t.match(await client.get(first.nextRecordsUrl), { status: 400, json: [{ errorCode: 'INVALID_QUERY_LOCATOR' }] });
  for (const [when, expected] of [['query', 'before'], ['page', 'after']] as const) {
    server.pagesAsOf(when);
    const ids = (await client.all('SELECT Id FROM Contact')).map(({ Id }) => Id as string);
    for (const id of ids) org.records.find(id)!.fields.set('Title', 'before');
    const query = (await client.query('SELECT Id, Title FROM Contact')).json;
    for (const id of ids) org.records.find(id)!.fields.set('Title', 'after');
    const page = (await client.get(query.nextRecordsUrl)).json;
    t.ok(page.records.every(({ Title }: { Title: string }) => Title === expected), `as of the ${when}`);
  }
});

t.test('what the API says adds up to the truth', async (t) => {
  const { client, truth } = await scene(t);
  const seen = new Map<string, Record<string, unknown>>();
  for (const entity of ['Account', 'Contact', 'Opportunity', 'Lead']) {
    const fields = (await client.get(`sobjects/${entity}/describe`)).json.fields.map(({ name }: { name: string }) => name);
    for (const record of await client.all(`SELECT ${fields.join()} FROM ${entity}`, true)) seen.set(record.Id, record);
  }
  t.strictSame([...seen.keys()].sort(), [...truth.values()].filter(({ purged }) => !purged).map(({ externalId }) => externalId).sort());
  for (const { externalId, fields, lifecycle, supersededBy } of truth.values()) {
    const record = seen.get(externalId);
    if (record === undefined) continue;
    t.equal(record['IsDeleted'], lifecycle === 'deleted');
    if ('MasterRecordId' in record) t.equal(record['MasterRecordId'], supersededBy?.externalId ?? null);
    const differing = [...fields].filter(([path, value]) => {
      const [head = '', part] = path.split('.');
      const name = part === undefined ? head : head === 'Name' ? part : head.replace(/Address$/, '') + part;
      return stringifyExact(record[name]).replace('+0000"', 'Z"') !== stringifyExact(value);
    });
    t.strictSame(differing, [], externalId);
  }
  for (const entity of ['Account', 'Contact', 'Opportunity', 'Lead']) {
    const span = 'start=2025-04-20T00:00:00Z&end=2025-05-01T00:00:00Z';
    const { deletedRecords, latestDateCovered } = (await client.get(`sobjects/${entity}/deleted?${span}`)).json;
    const covered = Date.parse(latestDateCovered);
    const lost = [...truth.values()].filter((record) => record.entity === entity && record.lifecycle === 'deleted').map(({ externalId }) => externalId);
    t.strictSame(deletedRecords.map(({ id }: { id: string }) => id).filter((id: string) => !lost.includes(id)), []);
    t.ok(deletedRecords.length > lost.length * 0.7 && deletedRecords.every(({ deletedDate }: { deletedDate: string }) => Date.parse(deletedDate) < covered), entity);
    t.ok((await client.get(`sobjects/${entity}/updated?${span}`)).json.ids.length > 0);
  }
  t.match(await client.get('sobjects/Account/deleted?start=2025-04-24T00:00:00Z&end=2025-04-24T00:00:30Z'), { status: 400, json: [{ errorCode: 'INVALID_REPLICATION_DATE' }] });
});

t.test('what vanished without an event stands in the log of deletions, as long as that keeps it', async (t) => {
  const { client, server, org } = await scene(t);
  org.clock.advance(180_000);
  const logged = async () => (await client.get('sobjects/Contact/deleted?start=2025-04-24T00:00:00Z&end=2025-05-10T00:00:00Z')).json.deletedRecords.map(({ id }: { id: string }) => id);
  const vanished = org.unannounced.filter(({ entity }) => entity === 'Contact').map(({ recordId }) => recordId);
  t.ok(vanished.length > 3);
  const log = await logged();
  t.strictSame(vanished.filter((id) => !log.includes(id)), []);
  for (const id of vanished) t.equal((await client.query(`SELECT Id FROM Contact WHERE Id = '${id}'`, true)).json.totalSize, 0, 'no query finds it');
  server.habits.deletedLogKeepsPurged = false;
  const without = await logged();
  t.ok(without.length > 0 && vanished.every((id) => !without.includes(id)));
});
