import { parseExact, SourceAccessConfig, stringifyExact, type EventWriteDTO } from '@clientele/contracts';
import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { createProvider } from '../src/index.ts';
import { compoundOf, eventPath, restName } from '../src/salesforce/record-names.ts';
import { fieldsOfPaths, fieldsOfRecord } from '../src/salesforce/rest/entity-fields.ts';
import { recordFields } from '../src/salesforce/rest/record-fields.ts';
import { bytes, sampleBodies, sampleText, SOURCE } from './salesforce-samples.ts';

t.test('names of fields, there and back', async (t) => {
  const pairs: [string, string, string][] = [
    ['Account', 'BillingStreet', 'BillingAddress.Street'],
    ['Account', 'ShippingGeocodeAccuracy', 'ShippingAddress.GeocodeAccuracy'],
    ['Account', 'PersonMailingPostalCode', 'PersonMailingAddress.PostalCode'],
    ['Account', 'LastName', 'Name.LastName'],
    ['Account', 'Custom__pc', 'Custom__pc'],
    ['Contact', 'FirstName', 'Name.FirstName'],
    ['Contact', 'MailingStateCode', 'MailingAddress.StateCode'],
    ['Contact', 'OtherCity', 'OtherAddress.City'],
    ['Lead', 'Street', 'Address.Street'],
    ['Lead', 'Country', 'Address.Country'],
    ['Lead', 'Suffix', 'Name.Suffix'],
    ['User', 'City', 'Address.City'],
    ['Place__c', 'Loc__Latitude__s', 'Loc__c.Latitude'],
    ['Place__c', 'Shop_Address__PostalCode__s', 'Shop_Address__c.PostalCode'],
    ['Account', 'ns__Loc__Longitude__s', 'ns__Loc__c.Longitude'],
  ];
  for (const [entity, name, path] of pairs) {
    t.equal(eventPath(name, compoundOf(entity, name)), path, name);
    t.equal(restName(path), name, path);
  }
  for (const [entity, name] of [['Account', 'Street'], ['Opportunity', 'Country'], ['Invoice__c', 'City'], ['Opportunity', 'FirstName'], ['Account', 'OtherPhone'], ['Contact', 'MailingList'], ['Account', 'Billing'], ['X__c', 'Loc__c']] as const) {
    t.equal(eventPath(name, compoundOf(entity, name)), name, `${name} of ${entity} is no part`);
  }
  const entity = fc.constantFrom('Account', 'Contact', 'Lead', 'User', 'Opportunity', 'Invoice__c');
  const name = fc.oneof(fc.constantFrom(...pairs.map(([, rest]) => rest), 'Name', 'Address', 'BillingAddress'), fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,20}(__c|__pc|__Latitude__s)?$/));
  fc.assert(fc.property(entity, name, (entity, name) => restName(eventPath(name, compoundOf(entity, name))) === name), { numRuns: 1000 });
  t.strictSame(fieldsOfPaths(['BillingAddress.City', 'Name', 'MailingAddress', 'BillingAddress.City', 'Id', 'odd\\.path']).names, ['BillingCity', 'Name', 'MailingAddress']);
});

/** What reading a record gives, as text. */
function read(entity: string, record: JsonObject): Json {
  const json: Json = JSON.parse(stringifyExact(recordFields(entity, record, fieldsOfRecord(record))));
  return json;
}

t.test('a record that is read and the feed tell the same of it', async (t) => {
  const provider = createProvider('salesforce', { entities: {} });
  const body = sampleBodies('made-relay-account-create.json')[0] ?? '';
  const write = provider.toEventWrites(provider.parse(bytes(body)), { source: SOURCE, correlationId: 'c' })[0]?.write as EventWriteDTO;
  const flat: Record<string, unknown> = { attributes: { type: 'Account', url: '/x' }, Id: '0015f00002JUZPDAA5', IsDeleted: false, LastViewedDate: null };
  for (const [field, value] of Object.entries(write.data)) {
    if (isJsonObject(value)) for (const [part, of] of Object.entries(value)) flat[`${field.replace('Address', '')}${part}`] = of;
    else flat[field] = typeof value === 'string' ? value.replace(/^(\d{4}-.+)Z$/, '$1+0000') : value;
  }
  flat['BillingAddress'] = { street: 'x', city: 'y' };
  t.strictSame(read('Account', parseExact(JSON.stringify(flat)) as JsonObject), JSON.parse(stringifyExact(write.data)));
  t.strictSame(read('Account', parseExact(sampleText('made-rest-account-record.json')) as JsonObject), {
    Name: 'Acme GmbH & Co. KG – Zürich', Phone: null, BillingAddress: { Street: '1235 Wildwood St', City: null }, Industry: 'Apparel', OwnerId: '0055f000005mc66AAA',
    CreatedDate: '2026-05-07T22:29:47.000Z', LastModifiedDate: '2026-05-07T22:33:04.000Z',
  });
});

t.test('whose name has parts', async (t) => {
  const parts = { Salutation: null, FirstName: 'Ann', LastName: 'Lee' };
  t.strictSame(read('Contact', { Name: 'Ann Lee', ...parts }), { Name: parts });
  t.strictSame(read('Account', { Name: 'Ann Lee', ...parts }), { Name: parts }, 'a person account where the flag is hidden');
  t.strictSame(read('Account', { Name: 'Ann Lee', ...parts, IsPersonAccount: true, PersonMailingCity: 'Bern', Shoe__pc: 7 }), { Name: parts, IsPersonAccount: true, PersonMailingAddress: { City: 'Bern' }, Shoe__pc: 7 });
  t.strictSame(read('Account', { Name: 'Acme', Salutation: null, FirstName: null, LastName: null, IsPersonAccount: false }), { Name: 'Acme', IsPersonAccount: false });
  t.strictSame(read('Account', { Name: 'Ann', FirstName: 'Ann', IsPersonAccount: true }), { Name: { FirstName: 'Ann' }, IsPersonAccount: true }, 'the last name is hidden');
  t.strictSame(read('Account', { Name: 'Acme' }), { Name: 'Acme' });
  t.strictSame(read('Opportunity', { Name: 'Deal', FirstName: 'x' }), { Name: 'Deal', FirstName: 'x' });
});

t.test('values as change events have them', async (t) => {
  t.strictSame(read('X__c', { D__c: '2026-05-07', T__c: '10:30:00.000Z', A__c: '2026-05-07T22:29:47.000+0000', B__c: '2026-05-07T22:29:47+0000', C__c: '2026-05-07T22:29:47.000Z' }), {
    D__c: '2026-05-07', T__c: '10:30:00.000Z', A__c: '2026-05-07T22:29:47.000Z', B__c: '2026-05-07T22:29:47.000Z', C__c: '2026-05-07T22:29:47.000Z',
  });
  t.strictSame(read('Place__c', { Loc__Latitude__s: 46.9, Loc__Longitude__s: null, Loc__c: { latitude: 46.9, longitude: null } }), { Loc__c: { Latitude: 46.9, Longitude: null } });
  t.strictSame(read('Contact', { MailingAddress: { street: 'A 1', geocodeAccuracy: null }, OtherAddress: null }), { MailingAddress: { Street: 'A 1', GeocodeAccuracy: null }, OtherAddress: null }, 'a compound field alone');
  t.strictSame(read('Contact', { Account: { attributes: { type: 'Account' }, Name: 'x' }, Cases: { totalSize: 1, records: [] }, Bad__c: 'a\0b', List__c: [1], Ok__c: true }), { Ok__c: true }, 'related records, and what could not be stored, are left out');
});

t.test('reading is a matter of who reads: nobody else loads the HTTP client', async (t) => {
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    for (const [, path = ''] of readFileSync(url, 'utf8').matchAll(/^(?:import|export) .*?from '([^']+)';$/gm)) {
      t.not(path, 'undici', url.pathname);
      if (path.startsWith('.')) visit(new URL(path, url));
    }
  };
  visit(new URL('../src/index.js', import.meta.url));
  t.ok(seen.size > 15, `${seen.size} modules`);
});

t.test('a source without credentials is not read; one with half of them is refused by the names of what is missing', async (t) => {
  const provider = createProvider('salesforce', { entities: {} });
  t.equal(await provider.records({ id: 's' }, {}), null);
  const jwt = { type: 'jwt_bearer', client_id: '${ID}', private_key: '${KEY}', username: '${USER}' } as const;
  await t.rejects(provider.records({ id: 's', credentials: jwt }, { ID: 'x', KEY: 'no key' }), {
    name: 'ValidationError',
    message: 'sources.s.base_url is missing: credentials are of no use without it; sources.s.credentials.username refers to USER, which is not set; sources.s.credentials.private_key is not an RSA private key in PEM',
  });
  const config = { base_url: 'https://acme.my.salesforce.com', credentials: jwt, own_changes: { client: 'Clientele', broadcast: false }, quota: { share: 0.3 }, clock_skew_ms: 2000 };
  t.ok(Value.Check(SourceAccessConfig, config));
  for (const wrong of [
    { base_url: 'https://acme.my.salesforce.com/services' }, { base_url: 'https://user:pw@acme' }, { api_version: '60' }, { quota: { share: 0 } }, { quota: { share: 2 } },
    { credentials: { ...jwt, client_id: 'in clear' } }, { credentials: { type: 'password' } }, { clock_skew_ms: -1 },
  ]) t.notOk(Value.Check(SourceAccessConfig, wrong), JSON.stringify(wrong));
});
