import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  aggregateTypes,
  ConfigError,
  definitionFor,
  entitiesOf,
  loadClienteleConfig,
  parseClienteleConfig,
  sourceOf,
} from '../src/index.ts';

function mistakesOf(text: string): readonly { line: number; column: number; message: string }[] {
  try {
    parseClienteleConfig(text, 'test.yaml');
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  throw new Error('no mistake was found');
}

t.test('the default file maps the standard objects, and names no source', async (t) => {
  const config = loadClienteleConfig();
  t.equal(config.sources, undefined);
  t.strictSame(aggregateTypes(config), ['client', 'contact', 'opportunity', 'lead']);
  t.strictSame(
    entitiesOf(config, 'client').map(({ entity }) => entity),
    ['Account', 'company', 'organization'],
  );
  const account = definitionFor(config, 'salesforce', 'Account');
  t.strictSame(account?.statusPaths, ['Status__c', 'Status']);
  t.strictSame(account?.silentStatuses, ['inactive', 'pending', 'draft']);
  t.equal(account?.references['ParentId'], 'Account');
  t.strictSame(definitionFor(config, 'salesforce', 'Opportunity')?.statusPaths, ['StageName']);
  t.equal(definitionFor(config, 'salesforce', 'Contact')?.references['AccountId'], 'Account');
  t.ok(definitionFor(config, 'salesforce', 'Contact')?.personal.includes('Email'));
  for (const part of ['Name.FirstName', 'Name.LastName', 'Name.Salutation']) t.ok(account?.personal.includes(part), `${part}, as change events name it`);
  t.notOk(account?.personal.includes('Name'), 'a company has no personal name');
  t.strictSame(definitionFor(config, 'salesforce', 'Lead')?.statusPaths, ['Status']);
  t.strictSame(definitionFor(config, 'hubspot', 'company')?.statusPaths, ['lifecyclestage']);
  t.equal(definitionFor(config, 'salesforce', 'Case'), null);
  t.equal(definitionFor(config, 'salesforce', 'toString'), null, 'no entity is taken from a prototype');
});

t.test('a lead tells by its own fields what it became', async (t) => {
  t.strictSame(definitionFor(loadClienteleConfig(), 'salesforce', 'Lead')?.conversion, {
    flag: 'IsConverted', into: ['ConvertedAccountId', 'ConvertedContactId', 'ConvertedOpportunityId'],
  });
  t.strictSame(definitionFor(loadClienteleConfig(), 'salesforce', 'Contact')?.conversion, null);
  await Promise.resolve();
});

t.test('a custom object needs nothing but its lines', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clientele-config-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'config.yaml');
  writeFileSync(
    file,
    `
version: 1
broadcast: { silent_statuses: [Void], announce_withdrawal: false }
mapping:
  salesforce:
    Invoice__c:
      aggregate: invoice
      status: { fields: [Status__c], values: [Draft, Sent] }
      fields:
        Account__c: { as: client, references: Account }
        Payer__c: { personal: true }
        Total__c: { type: number, currency: CurrencyIsoCode }
    Account: { aggregate: client, id_prefix: '001' }
`,
  );
  t.strictSame(definitionFor(loadClienteleConfig(file), 'salesforce', 'Invoice__c'), {
    type: 'invoice',
    statusPaths: ['Status__c'],
    statusValues: ['Draft', 'Sent'],
    silentStatuses: ['Void'],
    announceWithdrawal: false,
    names: { Account__c: 'client' },
    references: { Account__c: 'Account' },
    personal: ['Payer__c'],
    conversion: null,
    expected: { types: { Total__c: 'number' }, idPrefixes: { Account__c: '001' }, currencies: { Total__c: 'CurrencyIsoCode' } },
  });
});

t.test('every mistake is named with its line and column', async (t) => {
  const text = `version: 2
mapping:
  salesforce:
    Account:
      agregate: client
    Contact:
      aggregate: Contact!
      status: { fields: [] }
broadcasts: {}
`;
  t.strictSame(
    mistakesOf(text).map(({ line, column, message }) => `${line}:${column} ${message}`),
    [
      '1:1 version: is 2, expected 1',
      '4:5 mapping.salesforce.Account.aggregate: is missing',
      '5:7 mapping.salesforce.Account.agregate: is not known here',
      '7:7 mapping.salesforce.Contact.aggregate: is "Contact!", expected string to match \'^[a-z][a-z0-9_]{0,62}$\'',
      '8:17 mapping.salesforce.Contact.status.fields: is [], expected array length to be greater or equal to 1',
      '9:1 broadcasts: is not known here',
    ],
  );
});

t.test('what only the whole file can tell is checked too', async (t) => {
  const text = `version: 1
sources:
  - { id: "salesforce:00D1", provider: salesforce }
  - { id: "salesforce:00D1", provider: salesforce }
  - { id: "zoho:1", provider: zoho }
  - { id: "00D2", provider: salesforce }
mapping:
  salesforce:
    Account:
      aggregate: client
      fields: { Name: {}, Title__c: { as: Name } }
`;
  t.strictSame(
    mistakesOf(text).map(({ line, message }) => `${line} ${message}`),
    [
      '4 sources.1.id: stands twice',
      '5 sources.2.provider: has no mapping; those that have one: salesforce',
      "6 sources.3.id: must be salesforce:<the account's own id>",
      '11 mapping.salesforce.Account.fields.Title__c: is shown as Name, and so is Name',
    ],
  );
});

t.test('credentials stand in the environment, and nowhere in what is said of them', async (t) => {
  const text = `version: 1
sources:
  - id: salesforce:00D1
    provider: salesforce
    credentials: { type: client_credentials, client_id: "\${SF_ID}", client_secret: hunter2 }
  - id: salesforce:00D2
    provider: salesforce
    base_url: https://two.my.salesforce.com
    quota: { share: 1.5 }
    clock_skew_ms: -1
    own_changes: { broadcast: false }
    credentials: { type: password, password: hunter2 }
mapping: { salesforce: { Account: { aggregate: client } } }
`;
  const said = mistakesOf(text).map(({ line, message }) => `${line} ${message}`);
  t.strictSame(said.map((one) => one.slice(0, 60)), [
    '5 sources.0.credentials.client_secret: must refer to an environ',
    '9 sources.1.quota.share: is 1.5, expected number to be less o',
    '10 sources.1.clock_skew_ms: is -1, expected integer to be gr',
    '12 sources.1.credentials: is not as it must be: expected uni',
  ].map((one) => one.slice(0, 60)));
  t.notMatch(said.join(), 'hunter2');

  const complete = text.replace('hunter2', '"${SF_SECRET}"').replace('1.5', '0.5').replace('-1', '500').replace(/ {4}credentials: \{ type: password.*\n/, '');
  t.strictSame(mistakesOf(complete).map(({ message }) => message), [
    'sources.0.base_url: is missing: credentials are of no use without it',
    'sources.1.own_changes: names neither client nor user, by which our own changes could be known',
  ]);
  const whole = complete.replace('broadcast: false', 'user: 0055f000005mc66AAA').replace('    credentials', '    base_url: https://one.my.salesforce.com\n    credentials');
  t.doesNotThrow(() => parseClienteleConfig(whole, 'f.yaml'), 'who reads nothing needs no values');
  t.throws(() => parseClienteleConfig(whole, 'f.yaml', { env: { SF_ID: 'me', SF_SECRET: '' } }), /line 6, column \d+: sources.0.credentials.client_secret: refers to SF_SECRET, which is not set/);
  t.match(parseClienteleConfig(whole, 'f.yaml', { env: { SF_ID: 'me', SF_SECRET: 'x' } }).sources, [{ clock_skew_ms: undefined }, { clock_skew_ms: 500 }]);
});

t.test('a field that changes tell by another name is refused, with that name', async (t) => {
  const text = `version: 1
mapping:
  salesforce:
    Contact:
      aggregate: contact
      status: { fields: [Status, City] }
      conversion: { flag: IsOver, into: [City] }
      fields:
        City: { personal: true }
        Address.City: { as: town }
        Amount: { currency: City }
`;
  const changePath = (_provider: string, _entity: string, field: string): string => (field === 'City' ? 'Address.City' : field);
  t.doesNotThrow(() => parseClienteleConfig(text, 'f.yaml'), 'who knows no provider cannot tell');
  const place = 'mapping.salesforce.Contact';
  t.throws(() => parseClienteleConfig(text, 'f.yaml', { changePath }), {
    message: [
      'f.yaml is not a valid configuration:',
      `  line 6, column 34: ${place}.status.fields.1: changes tell City as Address.City: write that`,
      `  line 7, column 7: ${place}.conversion: changes tell City as Address.City: write that`,
      `  line 9, column 9: ${place}.fields.City: changes tell City as Address.City: write that`,
      `  line 11, column 19: ${place}.fields.Amount.currency: changes tell City as Address.City: write that`,
    ].join('\n'),
  });
});

t.test('broken YAML and a missing file are named as such', async (t) => {
  t.match(mistakesOf('version: 1\nmapping: {\n  a: [\n'), [{ line: 4 }]);
  t.match(mistakesOf('version: 1\nversion: 1\nmapping: {}\n')[0]?.message, /unique/);
  t.throws(
    () => loadClienteleConfig('/nowhere/clientele.yaml'),
    /nowhere\/clientele.yaml is not a valid configuration:\n {2}cannot be read/,
  );
  t.equal(mistakesOf('').length, 1);
});

t.test('an envelope belongs to the source that its account or its name says', async (t) => {
  const config = parseClienteleConfig(
    `version: 1
sources:
  - { id: "salesforce:00DRM0000000Fxt2AC", provider: salesforce }
  - { id: "salesforce:00D5f000005KcCnEAK", provider: salesforce, match: ["aws.partner/appflow*/salesforce.com/*/crm"] }
mapping: { salesforce: { Account: { aggregate: client } }, hubspot: {} }
`,
    'test.yaml',
  );
  const relay = { name: 'aws.partner/salesforce.com/00DRM0000000Fxt2AC/0YLRM0000004Dfg4AE', account: '00DRM0000000Fxt2AC' };
  const appFlow = { name: 'aws.partner/appflow.test/salesforce.com/123456789012/crm', account: null };
  const sandbox = { name: 'aws.partner/salesforce.com/00DSANDBOX00000AAA/0YL', account: '00DSANDBOX00000AAA' };
  t.equal(sourceOf(config, 'salesforce', relay, false), 'salesforce:00DRM0000000Fxt2AC');
  t.equal(sourceOf(config, 'salesforce', appFlow, false), 'salesforce:00D5f000005KcCnEAK');
  t.equal(sourceOf(config, 'salesforce', { ...appFlow, name: `${appFlow.name}2` }, false), null, 'the whole name has to fit');
  t.equal(sourceOf(config, 'hubspot', relay, false), null, 'a source of another provider is another source');
  t.equal(sourceOf(config, 'salesforce', sandbox, false), null, 'a sandbox makes no ghosts in production');
  t.equal(sourceOf(config, 'salesforce', sandbox, true), 'salesforce:00DSANDBOX00000AAA', 'in development it is taken under its own name');
  t.equal(sourceOf(config, 'salesforce', { name: 'x'.repeat(256), account: null }, true), null, 'but for a name that is longer than any source\'s');
});
