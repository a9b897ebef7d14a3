import { stringifyExact } from '@clientele/contracts';
import t from 'tap';
import type { Reading } from '../src/index.ts';
import { account, accountId, failure, records } from './salesforce-records-fixture.ts';
import { error, json, type Call, type Row } from './salesforce-server.ts';

const field = (name: string, type = 'string', more: Record<string, unknown> = {}): Record<string, unknown> => ({ name, type, compoundFieldName: null, calculated: false, calculatedFormula: null, ...more });
const ACCOUNT_FIELDS = [
  field('Id', 'id'), field('IsDeleted', 'boolean'), field('MasterRecordId', 'reference'), field('Name'), field('SystemModstamp', 'datetime'),
  field('BillingStreet', 'textarea', { compoundFieldName: 'BillingAddress' }), field('BillingCity', 'string', { compoundFieldName: 'BillingAddress' }),
  field('BillingAddress', 'address'), field('CreatedDate', 'datetime'), field('Amount__c', 'currency'), field('Memo__c', 'textarea'),
  field('Formula__c', 'double', { calculated: true, calculatedFormula: 'Amount__c * 2' }), field('RollUp__c', 'double', { calculated: true }),
  field('LastViewedDate', 'datetime'), field('Logo__c', 'base64'),
];

function full(number: number): Row {
  return account(number, {
    BillingStreet: `Street ${number}`, BillingCity: null, BillingAddress: { street: `Street ${number}`, city: null }, CreatedDate: '2026-05-07T22:29:47.000+0000',
    Amount__c: 100.5, Memo__c: '2026-05-07T22:29:47.000+0000', Formula__c: 201, RollUp__c: 3, LastViewedDate: null, Logo__c: '/services/data/v60.0/x',
  });
}

function kinds(readings: readonly Reading[]): string[] {
  return readings.map((reading) => `${Number(reading.id.slice(9, 15))} ${reading.kind}${reading.kind === 'deleted' && reading.survivorId !== null ? ` into ${Number(reading.survivorId.slice(9, 15))}` : ''}`);
}

const EXPECTED = {
  Name: 'Account 1', BillingAddress: { Street: 'Street 1', City: null }, CreatedDate: '2026-05-07T22:29:47.000Z', Amount__c: 100.5,
  Memo__c: '2026-05-07T22:29:47.000+0000', RollUp__c: 3,
};

t.test('one record, as change events would have told it', async (t) => {
  const { server, source } = await records(t);
  server.records.set('Account', [full(1)]);
  server.described.set('Account', ACCOUNT_FIELDS);
  server.now = new Date('2026-05-07T22:29:47.000Z');
  const reading = await source.fetchOne('Account', accountId(1).slice(0, 15));
  t.match(reading, { kind: 'found', entity: 'Account', id: accountId(1), whole: true, calls: 2 });
  t.strictSame(reading.kind === 'found' && reading.fields, EXPECTED, 'no formula, no bookkeeping, no file; a text that looks like a time is left alone');
  t.match(reading.window, { from: /^2026-05-07T22:29:47.000Z$/, until: /^2026-05-07T22:29:47.999Z$/ });
  t.equal((await source.fetchOne('Account', accountId(1))).calls, 1, 'the description is kept');
});

t.test('numbers keep their digits', async (t) => {
  const { server, source } = await records(t);
  server.script.push((response) => json(response, 200, `{"Id":"${accountId(1)}","Amount__c":100.50,"Big__c":12345678901234567890.10}`));
  const reading = await source.fetchOne('Account', accountId(1));
  t.equal(reading.kind === 'found' && stringifyExact(reading.fields), '{"Amount__c":100.50,"Big__c":12345678901234567890.10}');
});

t.test('absence is never taken for a deletion', async (t) => {
  const { server, source } = await records(t);
  server.records.set('Account', [full(1), { ...full(2), IsDeleted: true }, { ...full(3), IsDeleted: true, MasterRecordId: accountId(1) }, full(4)]);
  server.described.set('Account', ACCOUNT_FIELDS);
  server.invisible.add(accountId(4));
  const one = async (number: number): Promise<string | undefined> => kinds([await source.fetchOne('Account', accountId(number))])[0];
  t.equal(await one(2), '2 deleted');
  t.equal(await one(3), '3 deleted into 1', 'a merge is told with its survivor');
  t.equal(await one(4), '4 not_yet_visible', 'what the bin\'s query sees alive is only not to be read yet');
  t.equal(await one(5), '5 not_found');
  const many = await source.fetchMany('Account', [5, 4, 3, 2, 1, 5].map(accountId));
  t.strictSame(kinds(many.readings), ['5 not_found', '4 not_yet_visible', '3 deleted into 1', '2 deleted', '1 found'], 'in the order asked for, each once');
  t.equal(many.calls, 3, 'a description, a retrieval, a query for the four that were null');
  t.strictSame(many.readings[4]?.kind === 'found' && many.readings[4].fields, EXPECTED);
  t.strictSame(kinds((await source.survivors('Account', [3, 1, 9, 2].map(accountId))).readings), ['3 deleted into 1', '1 not_yet_visible', '9 not_found', '2 deleted']);
  server.invisible.clear();
  t.equal(await one(4), '4 found');
  t.strictSame(await source.fetchMany('Account', []), { readings: [], calls: 0 });
  t.match(await failure(source.fetchOne('Nothing__c', accountId(1))), { kind: 'not_found', code: 'INVALID_TYPE' }, 'no such entity is not the absence of a record');
});

t.test('an org without MasterRecordId, or that answers in parts, or not in order', async (t) => {
  const { server, source } = await records(t);
  const rows = Array.from({ length: 450 }, (_, at) => ({ Id: accountId(at), IsDeleted: true, SystemModstamp: '2026-05-07T22:00:00.000+0000', Name: 'x' }));
  server.records.set('Account', rows);
  server.batchSize = 70;
  const { readings, calls } = await source.survivors('Account', rows.map(({ Id }) => Id));
  t.ok(readings.every(({ kind }) => kind === 'deleted'));
  t.equal(readings.length, 450);
  t.equal(calls, 3 + 3 + 1 + 1, 'three parts of each 200, one of 50, and one to learn that there is no MasterRecordId');
  server.script.push((response) => json(response, 200, { done: false, records: [] }));
  t.match(await failure(source.survivors('Account', [accountId(1)])), { kind: 'unavailable' });
  server.records.set('Contact', [{ Id: accountId(1), Name: 'a', SystemModstamp: '' }, { Id: accountId(2), Name: 'b', SystemModstamp: '' }]);
  server.described.set('Contact', [field('Name')]);
  await source.fetchMany('Contact', [accountId(1)]);
  server.script.push((response) => json(response, 200, [null, { Id: accountId(2), Name: 'b' }, 'odd', { Id: accountId(9), Name: 'not asked for' }, { Id: accountId(1).slice(0, 15), Name: 'a' }]));
  const found = await source.fetchMany('Contact', [accountId(1), accountId(2)]);
  t.strictSame(found.readings.map((reading) => reading.kind === 'found' && reading.fields['Name']), ['a', 'b'], 'by their ids');
});

t.test('many records: as many in a call as their size allows', async (t) => {
  const { server, source } = await records(t, {}, { maxAnswerBytes: 700_000 });
  const sizes = (): number[] => server.calls.filter(({ path }) => path.includes('composite')).map(({ body }: Call) => JSON.parse(body).ids.length);
  const names = Array.from({ length: 500 }, (_, at) => `F${at}__c`);
  server.records.set('Wide__c', Array.from({ length: 900 }, (_, at) => ({ Id: accountId(at), SystemModstamp: '', ...Object.fromEntries(names.map((name) => [name, null])) })));
  server.described.set('Wide__c', names.map((name) => field(name)));
  server.records.set('Account', Array.from({ length: 2500 }, (_, at) => account(at)));
  server.described.set('Account', [field('Name')]);
  t.equal((await source.fetchMany('Account', Array.from({ length: 2500 }, (_, at) => accountId(at)))).readings.length, 2500);
  t.strictSame(sizes(), [2000, 500]);
  server.calls.length = 0;
  const narrow = await records(t);
  narrow.server.records.set('Wide__c', server.records.get('Wide__c') ?? []);
  narrow.server.described.set('Wide__c', server.described.get('Wide__c') ?? []);
  t.equal((await narrow.source.fetchMany('Wide__c', Array.from({ length: 900 }, (_, at) => accountId(at)))).readings.length, 900);
  t.strictSame(narrow.server.calls.filter(({ path }) => path.includes('composite')).map(({ body }) => JSON.parse(body).ids.length), Array.from({ length: 9 }, () => 100));
  const { readings } = await source.fetchMany('Wide__c', Array.from({ length: 400 }, (_, at) => accountId(at)));
  t.equal(readings.filter(({ kind }) => kind === 'found').length, 400);
  t.ok(sizes().length > 1 && Math.max(...sizes().slice(-2)) < 100, `an answer that was too large is asked for in halves: ${sizes().join(', ')}`);
});

t.test('what fields to ask for, where the org tells little', async (t) => {
  const { server, source } = await records(t);
  server.records.set('Account', [full(1)]);
  const refused = await source.fetchMany('Account', [accountId(9), accountId(1)]);
  t.strictSame(server.paths().filter((path) => !path.includes('query')), [
    'GET sobjects/Account/describe', `GET sobjects/Account/${accountId(9)}`, `GET sobjects/Account/${accountId(1)}`, 'POST composite/sobjects/Account',
  ]);
  const [, found] = refused.readings;
  t.match(found, { kind: 'found', whole: true });
  t.strictSame(found?.kind === 'found' && found.fields, { ...EXPECTED, Memo__c: '2026-05-07T22:29:47.000Z', Formula__c: 201, Logo__c: '/services/data/v60.0/x' }, 'what a whole record shows');

  const poor = await records(t);
  poor.server.hidden.add('Account');
  poor.server.records.set('Account', [{ Id: accountId(1), SystemModstamp: '', BillingCity: 'Bern', ParentId: null }]);
  const mapped = await poor.source.fetchMany('Account', [accountId(1)]);
  t.match(mapped.readings, [{ kind: 'found', whole: false, fields: { BillingAddress: { City: 'Bern' }, ParentId: null } }], 'what the mapping names, less Status__c, which this org does not have');
  t.equal(poor.server.calls.filter(({ path }) => path.includes('composite')).length, 2);
  t.equal((await poor.source.fetchMany('Account', [accountId(1)])).calls, 1, 'and it is remembered');
});

t.test('a field that is gone is dropped; an org that drops them all is wrong', async (t) => {
  const { server, source, runtime } = await records(t);
  server.records.set('Account', [{ Id: accountId(1), SystemModstamp: '', Name: 'A' }]);
  server.described.set('Account', [field('Name'), field('Gone__c'), field('Lost__c')]);
  const { readings, calls } = await source.fetchMany('Account', [accountId(1)]);
  t.match(readings, [{ kind: 'found', fields: { Name: 'A' } }]);
  t.equal(calls, 4, 'a description and three retrievals');
  server.script.push(error(400, 'INVALID_FIELD'));
  t.match(await failure(source.fetchMany('Account', [accountId(1)])), { kind: 'invalid', code: 'INVALID_FIELD' }, 'an error that names no field of ours');
  runtime.advance(3_600_000);
  server.described.set('Account', Array.from({ length: 30 }, (_, at) => field(`Gone${at}__c`)));
  t.match(await failure(source.fetchMany('Account', [accountId(1)])), { kind: 'invalid', code: 'INVALID_FIELD' });
  t.equal(server.calls.filter(({ path }) => path.includes('composite')).length, 4 + 21, 'bounded');
});

t.test('all records, page by page: each once, whatever happens to them meanwhile', async (t) => {
  const { server, source } = await records(t);
  const rows = Array.from({ length: 23 }, (_, at) => account(at));
  server.records.set('Account', rows);
  server.described.set('Account', [field('Name')]);
  const seen: string[] = [];
  let after: string | null = null;
  let pages = 0;
  do {
    const page = await source.changedSince('Account', { after, since: null, limit: 5 });
    seen.push(...kinds(page.readings));
    after = page.next;
    pages += 1;
    rows[3] = account(3, { SystemModstamp: '2027-01-01T00:00:00.000+0000' });
    if (pages === 2) rows.splice(12, 1);
  } while (after !== null);
  t.strictSame(seen, Array.from({ length: 23 }, (_, at) => `${at} found`).filter((one) => one !== '12 found'));
  t.equal(pages, 5, 'a page that is not full is the last');
  t.equal(server.queries()[0], 'SELECT Id FROM Account ORDER BY Id LIMIT 5');
  t.equal(server.queries()[1], `SELECT Id FROM Account WHERE Id > '${accountId(4)}' ORDER BY Id LIMIT 5`);
  server.batchSize = 2;
  const partial = await source.changedSince('Account', { after: null, since: null, limit: 5 });
  t.strictSame(kinds(partial.readings), ['0 found', '1 found']);
  t.not(partial.next, null, 'an answer that goes on goes on from where it stopped');
  t.match(await source.count('Account'), { count: 22, calls: 1 });
  const asked = server.calls.length;
  const first = await source.list('Account', { after: null, limit: 5 });
  const second = await source.list('Account', { after: first.next, limit: 2 });
  t.strictSame([...first.ids, ...second.ids], [0, 1, 2, 3].map(accountId), 'ids alone, however they come');
  t.equal(server.calls.length, asked + 2);
  server.records.set('Account', []);
  t.match(await source.changedSince('Account', { after: null, since: null }), { readings: [], next: null, calls: 1 });
});

t.test('changes since: with an overlap, and many records of one stamp', async (t) => {
  const { server, source } = await records(t);
  const at = (seconds: number): string => new Date(Date.parse('2026-05-07T22:00:00.000Z') + seconds * 1000).toISOString().replace('Z', '+0000');
  server.records.set('Account', [
    account(1, { SystemModstamp: at(-400) }), account(2, { SystemModstamp: at(-300) }), account(3, { SystemModstamp: at(-1) }),
    ...Array.from({ length: 9 }, (_, number) => account(20 - number, { SystemModstamp: at(60) })), account(4, { SystemModstamp: at(120) }),
  ]);
  server.described.set('Account', [field('Name')]);
  const since = new Date('2026-05-07T22:00:00.000Z');
  const seen: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page = await source.changedSince('Account', { after, since, limit: 4 });
    seen.push(...kinds(page.readings));
    after = page.next;
    more = after !== null;
  }
  t.strictSame(seen, ['2', '3', '12', '13', '14', '15', '16', '17', '18', '19', '20', '4'].map((number) => `${number} found`));
  t.strictSame(server.queries().slice(0, 2), [
    'SELECT Id, SystemModstamp FROM Account WHERE SystemModstamp >= 2026-05-07T21:55:00.000Z ORDER BY SystemModstamp, Id LIMIT 4',
    `SELECT Id, SystemModstamp FROM Account WHERE SystemModstamp >= 2026-05-07T22:01:00.000Z AND (SystemModstamp > 2026-05-07T22:01:00.000Z OR Id > '${accountId(13)}') ORDER BY SystemModstamp, Id LIMIT 4`,
  ]);
  const counted = await source.count('Account', { from: new Date(since.getTime() - 300_000), to: new Date(since.getTime() + 60_000) });
  t.equal(counted.count, 2, 'from its first moment on, to before its last');
  t.equal(server.queries().at(-1), 'SELECT COUNT() FROM Account WHERE SystemModstamp >= 2026-05-07T21:55:00.000Z AND SystemModstamp < 2026-05-07T22:01:00.000Z');
  const page = await source.changedSince('Account', { after: null, since, limit: 4 });
  const same = server.calls.length;
  server.script.push((response) => json(response, 200, { done: false, records: [2, 3, 12, 13].map((number) => ({ Id: accountId(number), SystemModstamp: at(60) })) }));
  t.match(await failure(source.changedSince('Account', { after: page.next, since, limit: 4 })), { kind: 'unavailable', message: /the same page came again/ }, 'a server that does not go on is no endless loop');
  t.equal(server.calls.length, same + 1);
  server.script.push((response) => json(response, 200, { done: false, records: [{ Id: accountId(1) }] }));
  t.match(await failure(source.changedSince('Account', { after: null, since })), { kind: 'unavailable', message: /where the next page begins/ });
  server.script.push((response) => json(response, 200, { done: true }));
  t.match(await failure(source.changedSince('Account', { after: null, since })), { kind: 'unavailable', message: /holds no records/ });
});

t.test('deletions since, with survivors of merges; of entities that know no merge too', async (t) => {
  const { server, source } = await records(t);
  const gone = { IsDeleted: true };
  server.records.set('Account', [account(1), account(2, { ...gone, MasterRecordId: accountId(1) }), account(3, gone), account(4, { ...gone, SystemModstamp: '2026-05-07T20:00:00.000+0000' })]);
  server.records.set('Invoice__c', [{ Id: accountId(7), IsDeleted: true, SystemModstamp: '2026-05-07T22:00:00.000+0000' }]);
  const since = new Date('2026-05-07T22:00:00.000Z');
  const first = await source.deletedSince('Account', { after: null, since, limit: 1 });
  t.strictSame(kinds(first.readings), ['2 deleted into 1']);
  const second = await source.deletedSince('Account', { after: first.next, since, limit: 1 });
  t.strictSame(kinds(second.readings), ['3 deleted']);
  const third = await source.deletedSince('Account', { after: second.next, since, limit: 1 });
  t.strictSame(third.readings, [], 'the bin is at its end');
  t.match(await source.deletedSince('Account', { after: third.next, since, limit: 1 }), { readings: [], next: null, calls: 1 }, 'and there is no log');
  t.strictSame(kinds((await source.deletedSince('Account', { after: null, since: null })).readings), ['4 deleted', '2 deleted into 1', '3 deleted']);
  t.match(await source.deletedSince('Invoice__c', { after: null, since }), { readings: [{ kind: 'deleted', survivorId: null }] });
  t.equal(server.queries()[0], 'SELECT Id, IsDeleted, SystemModstamp, MasterRecordId FROM Account WHERE IsDeleted = true AND SystemModstamp >= 2026-05-07T21:55:00.000Z ORDER BY SystemModstamp, Id LIMIT 1');
});

t.test('records that were purged are told by the log of deletions, once nothing else knows them', async (t) => {
  const { server, source, runtime } = await records(t);
  server.now = new Date(runtime.now());
  server.records.set('Account', [account(1), account(2, { IsDeleted: true, MasterRecordId: accountId(1) })]);
  server.deletionLog.set('Account', [9, 1, 8, 2, 7, 8].map(accountId));
  const seen: string[] = [];
  let pages = 0;
  for (let after: string | null = null, more = true; more; pages += 1) {
    const page = await source.deletedSince('Account', { after, since: new Date(runtime.now() - 60_000), limit: 2 });
    seen.push(...kinds(page.readings));
    after = page.next;
    more = after !== null;
  }
  t.strictSame(seen, ['2 deleted into 1', '7 deleted', '8 deleted', '9 deleted'], 'not what was restored, nor the bin\'s again');
  t.equal(pages, 4);
  const span = server.calls.findLast(({ path }) => path.includes('/deleted/'))?.parameters;
  t.strictSame([...(span ?? [])], [['start', '2026-05-07T21:54:00.000Z'], ['end', '2026-05-07T22:00:00.000Z']]);
  const long = await source.deletedSince('Account', { after: null, since: new Date(0) });
  await source.deletedSince('Account', { after: long.next, since: new Date(0) });
  t.equal(server.calls.findLast(({ path }) => path.includes('/deleted/'))?.parameters.get('start'), '2026-04-08T22:00:00.000Z', 'as far as the log goes');
  server.script.push(error(500, 'UNKNOWN_EXCEPTION'), error(500, 'UNKNOWN_EXCEPTION'), error(500, 'UNKNOWN_EXCEPTION'));
  t.match(await failure(source.deletedSince('Account', { after: long.next, since: null })), { kind: 'unavailable' }, 'a log that does not answer is no empty one');
});

t.test('how the relay says that it does', async (t) => {
  const { server, source } = await records(t);
  server.script.push((response) => json(response, 200, { done: true, records: [
    { RemoteResource: 'aws.partner/salesforce.com/00DRM000000Fxts2AC/0YLRM0000004Dfg4AE', Status: 'RUNNING', LastRelayedEventTime: '2026-05-07T22:29:47.000+0000', ErrorCode: null, ErrorMessage: null, ErrorTime: null },
    { RemoteResource: null, Status: 'ERROR', LastRelayedEventTime: null, ErrorCode: 'LIMIT', ErrorMessage: 'used up', ErrorTime: '2026-05-07T22:29:48.000+0000' }, null,
  ] }));
  t.match(await source.relayFeedback(), {
    calls: 1,
    relays: [
      { resource: 'aws.partner/salesforce.com/00DRM000000Fxts2AC/0YLRM0000004Dfg4AE', status: 'RUNNING', lastRelayedAt: '2026-05-07T22:29:47.000Z', error: null },
      { resource: null, status: 'ERROR', lastRelayedAt: null, error: { code: 'LIMIT', message: 'used up', at: '2026-05-07T22:29:48.000Z' } },
    ],
  });
});
