import { stringifyExact, ValidationError, type EntityMapping } from '@clientele/contracts';
import fc from 'fast-check';
import t from 'tap';
import { AVAILABLE_PROVIDERS, createProvider, type TakenChange } from '../src/index.ts';
import { providerContract } from './provider-contract.ts';
import { appFlow, bytes, payload, relay, sampleBodies, sampleNames, sampleText, SOURCE, type PayloadOptions } from './salesforce-samples.ts';

const entities: Record<string, EntityMapping> = { Account: { aggregate: 'client' }, Contact: { aggregate: 'contact' } };
const salesforce = createProvider('salesforce', { entities });

function take(body: string, source = SOURCE): readonly TakenChange[] {
  return salesforce.toEventWrites(salesforce.parse(bytes(body)), { source, correlationId: 'c-1' });
}

function ids(body: string): string[] {
  return take(body).map(({ write }) => write.id);
}

/** What parsing a body has to say, as `path code`. */
function findings(body: string | Uint8Array): string[] {
  try {
    salesforce.parse(typeof body === 'string' ? bytes(body) : body);
    return [];
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    return error.findings.map(({ path, code }) => `${path} ${code}`);
  }
}

function headerFindings(header: NonNullable<PayloadOptions['header']>): string[] {
  return findings(relay(payload({ header }))).map((finding) => finding.replace('detail.payload.ChangeEventHeader.', ''));
}

const readable = [...sampleNames('made-relay'), ...sampleNames('amp')].filter((name) => name !== 'amp-update-user.json');
const bodies = readable.flatMap((name) => sampleBodies(name).map((body, at) => ({ name: `${name}[${at}]`, body })));
providerContract(t, { provider: salesforce, source: SOURCE, bodies });
providerContract(t, { provider: salesforce, source: SOURCE, bodies: [{ name: 'AppFlow', body: appFlow(payload()) }] });

t.test('what each sample is taken for', async (t) => {
  const seen = Object.fromEntries(
    readable.map((name) => [
      name.replace(/\.json$/, ''),
      sampleBodies(name).flatMap((body) => take(body).map(({ write: { metadata, event_type, entity, external_id } }) => [metadata.kind, event_type ?? '-', entity, external_id ?? '-'].join(' '))),
    ]),
  );
  t.matchOnlyStrict(seen, {
    'amp-mock-eventbridge-envelope-account-create': ['change Created Account 0015f00002J9YYEAA3', 'change Created Account 0015f00002J9YYFAA3'],
    'amp-new-account': ['change Created Account 0015f00002J9YYEAA3'],
    'amp-update-account-compound-address': ['change Updated Account 001bm000016htgPAAQ'],
    'amp-update-contact': ['change Updated Contact 003ak00000IiFInAAN'],
    'amp-update-contact-compound-address': ['change Updated Contact 003bm000016htgPAAQ'],
    'amp-update-lead-compound-address': ['change Updated Lead 001bm000016htgPAAQ'],
    'made-relay-account-create': ['change Created Account 0015f00002JUZPDAA5'],
    'made-relay-account-delete': ['change Deleted Account 0015f00002JUZPDAA5', 'change Deleted Account 0015f00002JUZPXAA5'],
    'made-relay-account-gap-create': ['gap Created Account 0015f00002JUZPDAA5'],
    'made-relay-account-gap-delete': ['gap Deleted Account 0015f00002JUZPDAA5'],
    'made-relay-account-gap-overflow': ['entity_gap - Account -'],
    'made-relay-account-gap-undelete': ['gap Restored Account 0015f00002JUZPDAA5'],
    'made-relay-account-gap-update': ['gap Updated Account 0015f00002JUZPDAA5', 'gap Updated Account 0015f00002JUZPXAA5', 'gap Updated Account 0015f00002JUZPcAAP'],
    'made-relay-account-merge-transaction': [
      'change Deleted Account 0015f00002JUZPXAA5', 'change Updated Contact 003ak00000IiFInAAN', 'change Updated Contact 0035f00002EztxDAAR',
      'change Updated Account 0015f00002JUZPDAA5',
    ],
    'made-relay-account-merged-update-3-ids': ['change Updated Account 0015f00002JUZPDAA5', 'change Updated Account 0015f00002JUZPXAA5', 'change Updated Account 0015f00002JUZPcAAP'],
    'made-relay-account-undelete': ['change Restored Account 0015f00002JUZPDAA5'],
    'made-relay-account-update-cometd-style-detail': ['change Updated Account 0015f00002JUZPDAA5'],
    'made-relay-account-update-diff-field-cometd-shape': ['change Updated Account 0015f00002JUWMVAA5'],
    'made-relay-account-update-minus-one-schema-siblings': ['change Updated Account 0015f00002JUZPDAA5'],
    'made-relay-account-update-null-and-compound': ['change Updated Account 0015f00002JUZPDAA5'],
    'made-relay-account-wildcard-ids': ['entity_gap Updated Account -'],
    'made-relay-duplicate-delivery-pair': ['change Updated Contact 003ak00000IiFInAAN', 'change Updated Contact 003ak00000IiFInAAN'],
    'made-relay-enriched-ungrouped-same-event-position': ['change Updated Account 0015f00002JUZPDAA5', 'change Updated Account 0015f00002JUZPXAA5'],
    'made-relay-leadconvert-transaction-seq-gap': ['change Created Account 0015f00002JUX1JAAX', 'change Created Contact 0035f00002EztxDAAR', 'change Updated Lead 00Q5f000005bwLFEAY'],
    'made-relay-out-of-order-pair-newer-first': ['change Updated Opportunity 006ak00000OQ4RxAAL', 'change Updated Opportunity 006ak00000OQ4RxAAL'],
  });
});

t.test('an answer of the REST API, or an event after a fan-out, is taken for no event', async (t) => {
  for (const name of [...sampleNames('rest-'), ...sampleNames('made-rest')]) t.not(findings(sampleText(name)).length, 0, name);
  t.strictSame(findings(relay(sampleText('amp-update-user.json'))), ['detail.payload.ChangeEventHeader.recordIds required']);
  t.strictSame(findings(sampleText('amp-update-contact.json')), ['source required', 'detail required'], 'a payload without its envelope');
});

t.test('the whole of one write', async (t) => {
  const [taken] = take(sampleText('made-relay-account-create.json'));
  t.strictSame(JSON.parse(stringifyExact(taken?.write)), {
    id: '20260507-kk76jbnIS_ov0ILsF16L9nE1oak',
    event_type: 'Created',
    provider: 'salesforce',
    source: SOURCE,
    entity: 'Account',
    aggregate_type: 'client',
    external_id: '0015f00002JUZPDAA5',
    data: {
      LastModifiedDate: '2026-05-07T22:29:47.000Z',
      Name: 'Acme GmbH & Co. KG – Zürich',
      BillingAddress: { Street: 'Bahnhofstrasse 1\r\n3. Stock', City: 'Zürich', PostalCode: '8001', Country: 'Switzerland' },
      OwnerId: '0055f000005mc66AAA',
      CreatedById: '0055f000005mc66AAA',
      CreatedDate: '2026-05-07T22:29:47.000Z',
      LastModifiedById: '0055f000005mc66AAA',
      AnnualRevenue: 1250000.5,
      NumberOfEmployees: 40,
      CleanStatus: 'Pending',
    },
    metadata: {
      kind: 'change',
      actor: '0055f000005mc66AAA',
      origin: 'com/salesforce/api/soap/66.0;client=SfdcInternalAPI/',
      clock: { commit_time: '2026-05-07T22:29:47.000Z', commit_number: '1778192987716501506', sequence_number: 1 },
      correlation_id: 'c-1',
      causation_id: null,
      transaction_id: '00007e6d-1720-70a0-4379-f4dc745d2b31',
      source_change_type: 'CREATE',
      changed_fields: [],
    },
    occurred_at: '2026-05-07T22:29:47.000Z',
  });
  t.match(taken?.rawEvent, /^\{\s+"LastModifiedDate"[\s\S]+\}$/, 'the raw event is the payload as it was written');
});

t.test('a change has one id, whatever brings it', async (t) => {
  const one = ids(relay(payload()));
  t.strictSame(ids(relay(payload(), 'aws.partner/salesforce.com/00D5f000005KcCn/0YL5f000000CabW')), one, 'another channel, an org id of 15 characters');
  t.strictSame(ids(appFlow(payload())), one, 'AppFlow of the same source');
  t.strictSame(ids(relay(payload({ header: { recordIds: ['0015f00002JUZPD'] } }))), one, 'a record id of 15 characters');
  t.strictSame(ids(relay(payload({ header: { recordIds: ['0015f00002JUZPD', '0015f00002JUZPDAA5'] } }))), one, 'the same record twice');
  t.strictSame(ids(relay(payload({ without: ['commitNumber', 'changedFields', 'commitUser', 'changeOrigin'] }))), one, 'without what may be missing');
  t.strictSame(ids(appFlow(payload({ fields: { payload: { of: 'another kind' } } }))), one, 'AppFlow with a field that is called payload');
  t.strictSame(ids(`\uFEFF${relay(payload())}`), one, 'a byte order mark');
  t.strictSame(ids(relay(payload()).replace('{"payload"', '{"schema":"x","event":{"replayId":18098167},"payload"')), one, 'CometD-like');
  t.strictSame(ids(relay(payload()).replace('"payload"', String.raw`"pay\u006coad"`)), one, 'an escaped key');
  const others = [
    { transactionKey: 'another' }, { sequenceNumber: 2 }, { entityName: 'Contact' }, { changeType: 'CREATE' }, { commitTimestamp: 1778193545000 },
    { recordIds: ['0015f00002JUZPXAA5'] },
  ].map((header) => ids(relay(payload({ header })))[0]);
  t.equal(new Set([...one, ...others, take(relay(payload()), 'salesforce:00D5f000000AAAAAAA')[0]?.write.id]).size, 8, 'each part of its place counts');
});

t.test('every digit of a number survives', async (t) => {
  const [taken] = take(sampleBodies('amp-update-contact.json')[0] ?? '');
  t.equal(taken?.write.metadata.clock.commit_number, '1745500706683617281');
  t.equal(take(relay(payload({ without: ['commitNumber'] })))[0]?.write.metadata.clock.commit_number, '0', 'a missing commit number counts as 0');
  const literal = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.option(fc.stringMatching(/^[0-9]{1,12}$/), { nil: null }))
    .map(([whole, decimals]) => (decimals === null ? String(whole) : `${whole}.${decimals}`));
  fc.assert(
    fc.property(literal, fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (amount, commitNumber) => {
      const body = relay(payload({ fields: { Amount: 'HERE' } })).replace('"HERE"', amount).replace('1778193547716501506', String(commitNumber));
      const [one] = take(body);
      const text = stringifyExact(one?.write);
      return text.includes(`"Amount":${amount}`) && one?.write.metadata.clock.commit_number === String(commitNumber) && body.includes(one.rawEvent);
    }),
    { numRuns: 500 },
  );
});

t.test('a header that is not as it must be is refused by the name of its field', async (t) => {
  const strings = { sequenceNumber: '1', commitTimestamp: '1778193544000', commitNumber: '1778193547716501506' };
  t.strictSame(headerFindings(strings).sort(), ['commitNumber invalid', 'commitTimestamp invalid', 'sequenceNumber invalid'], 'strings where numbers should be');
  const number = (literal: string): string[] => findings(relay(payload()).replace('1778193547716501506', literal)).map((finding) => finding.split('.').at(-1) ?? '');
  for (const wrong of ['9223372036854775808', '-1', '1.0', '1e3', 'null', 'true', '"1"', '{}', '[1]', '{"isLosslessNumber":true,"value":"1"}']) {
    t.strictSame(number(wrong), ['commitNumber invalid'], `commitNumber ${wrong}`);
  }
  for (const right of ['0', '9223372036854775807']) t.strictSame(number(right), [], `commitNumber ${right}`);
  t.strictSame(headerFindings({ sequenceNumber: 2 ** 53 }), ['sequenceNumber invalid']);
  t.strictSame(headerFindings({ commitTimestamp: 253402300800000 }), ['commitTimestamp invalid'], 'beyond the year 9999');
  t.strictSame(headerFindings({ recordIds: [] }), ['recordIds invalid']);
  t.strictSame(headerFindings({ recordIds: '0015f00002JUZPDAA5' }), ['recordIds invalid']);
  t.strictSame(headerFindings({ recordIds: ['0015f00002JUZPDAA5', 7] }), ['recordIds[1] invalid']);
  t.strictSame(headerFindings({ recordIds: Array.from({ length: 10_001 }, () => '0015f00002JUZPDAA5') }), ['recordIds invalid']);
  t.strictSame(headerFindings({ entityName: 'Account\nAccount' }), ['entityName invalid'], 'a name that is none');
  t.strictSame(headerFindings({ changeType: 4, transactionKey: null }).sort(), ['changeType invalid', 'transactionKey invalid']);
  t.strictSame(headerFindings({ changedFields: 'Name' }), ['changedFields invalid']);
  t.strictSame(headerFindings({ newThing: { of: 'Salesforce' } }), [], 'what is not known is left alone');
  const without = ['entityName', 'recordIds', 'changeType', 'transactionKey', 'sequenceNumber', 'commitTimestamp'];
  t.strictSame(findings(relay(payload({ without }))).sort(), without.map((name) => `detail.payload.ChangeEventHeader.${name} required`).sort(), 'all at once');
  t.throws(() => salesforce.parse(bytes(relay(payload({ header: { sequenceNumber: '1' } })))), {
    message: /sequenceNumber is a string of 1 characters; it must be an integer from 0 to 9007199254740991, written as a JSON number without quotes/,
  });
});

t.test('an envelope that is none', async (t) => {
  const cases: [string | Uint8Array, string][] = [
    ['', 'body empty'],
    [' ', 'body json'],
    [relay(payload()).slice(0, -40), 'body json'],
    ['"text"', 'body invalid'],
    [`[${relay(payload())}]`, 'body invalid'],
    ['null', 'body invalid'],
    [Uint8Array.of(0x7b, 0xff, 0x7d), 'body encoding'],
    [`{"a":${'['.repeat(5_000_000)}`, 'body depth'],
    [relay(payload()).replace('"source"', '"sauce"'), 'source required'],
    [relay(payload()).replace(/"source":"[^"]+"/, '"source":7'), 'source invalid'],
    [relay(payload()).replace(/"source":"[^"]+"/, String.raw`"source":"aws\u0000"`), 'source invalid'],
    [relay(payload()).replace('"payload"', '"playload"'), 'detail.payload required'],
    ['{"source":"x","detail":null}', 'detail invalid'],
    ['{"source":"x","detail":9007199254740993}', 'detail.payload required'],
    ['{"source":"x","detail":{"payload":"{}"}}', 'detail.payload invalid'],
    ['{"source":"x","detail":{"payload":{}}}', 'detail.payload.ChangeEventHeader required'],
    ['{"source":"x","detail":{"ChangeEventHeader":[]}}', 'detail.ChangeEventHeader invalid'],
    [relay(payload()).replace('"Rating":"Hot"', '"Rating":"Hot","Rating":"Cold"'), 'body json'],
    [relay(payload()).replace('"commitNumber":', '"sequenceNumber":2,"commitNumber":'), 'body json'],
  ];
  t.strictSame(findings(relay(payload()).replace('"Rating":"Hot"', '"Rating":"Hot","Rating":"Hot"')), [], 'a key repeated with the same value');
  t.throws(() => salesforce.parse(bytes(relay(payload()).slice(0, -1))), { message: /^(?!.*Hot)/ }, 'what is wrong is said without the data');
  for (const [body, expected] of cases) t.ok(findings(body).includes(expected), `${expected}: ${findings(body).join(', ')}`);
});

t.test('fields that could do harm are refused, those that are merely odd are not', async (t) => {
  const field = (text: string): string[] => findings(relay(payload()).replace('"Rating":"Hot"', text));
  const path = 'detail.payload';
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    t.strictSame(field(`"${key}":{"polluted":true}`), [`${path}.${key} key`]);
    t.strictSame(field(`"Deep":{"${key}":1}`), [`${path}.Deep.${key} key`]);
  }
  t.strictSame(field('"":1'), [`${path}. key`]);
  t.strictSame(field(`"${'k'.repeat(256)}":1`), [`${path}.${'k'.repeat(255)} key`]);
  t.strictSame(field(String.raw`"Name":"a\u0000b"`), [`${path}.Name character`]);
  t.strictSame(field(String.raw`"List":["ok",{"Name":"\ud800"}]`), [`${path}.List[1].Name character`], 'half a surrogate pair');
  t.strictSame(field(String.raw`"a\u0000\ud800b":1`), [`${path}.a\uFFFD\uFFFDb key`], 'what is said of it can be stored');
  t.strictSame(findings(relay(payload()).replace('transactionKey":"', String.raw`transactionKey":"\u0000`)), [`${path}.ChangeEventHeader.transactionKey character`]);
  t.throws(() => salesforce.parse(bytes('{"a":"\0"}')), { message: /^[^\0]+$/ }, 'a control character that stands in a string as it is');
  t.strictSame(field(String.raw`"Name":"\ud83d\ude00 \u00e4"`), []);
  t.strictSame(field(`"Text":"${'x'.repeat(262_145)}"`), [`${path}.Text length`]);
  t.strictSame(field('"Size":1e401'), [`${path}.Size number`]);
  t.strictSame(field(`"Size":0.${'1'.repeat(1000)}`), [`${path}.Size number`]);
  t.strictSame(field('"Odd.Name":{"isLosslessNumber":true,"value":"x"},"Empty":{},"List":[[]],"Big":1e400'), []);
  t.equal(Object.hasOwn(Object.prototype, 'polluted'), false);
});

t.test('a change of thousands of records costs what its records cost', async (t) => {
  const many = Array.from({ length: 10_000 }, (_, at) => `00Q${String(at).padStart(12, '0')}`);
  const body = (fields: Record<string, unknown>): string => relay(payload({ header: { recordIds: many, changeType: 'DELETE' }, fields }));
  const taken = take(body({}));
  t.equal(new Set(taken.map(({ write }) => write.id)).size, many.length);
  const alone = take(relay(payload({ header: { recordIds: [taken[7]?.write.external_id], changeType: 'DELETE' }, fields: {} })));
  t.strictSame(taken[7], alone[0], 'each has its own id alone in its text, as if it had come alone');
  t.strictSame(findings(body({ Text: 'x'.repeat(4_000) })), ['detail.payload.ChangeEventHeader.recordIds length'], 'many copies of a large body');
});

t.test('who sent it', async (t) => {
  const sender = (source: string): unknown => salesforce.parse(bytes(relay(payload(), source))).sender;
  const account = '00D5f000005KcCnEAK';
  t.match(sender(`aws.partner/salesforce.com/${account}/0YL5f000000CabWGAS`), { account });
  t.match(sender('aws.partner/salesforce.com/00D5f000005KcCn/0YL5f000000CabWGAS'), { account });
  t.match(sender(`aws.partner/salesforce.com/${account.toLowerCase()}/0YL`), { account: null }, 'a damaged org id is no org id');
  t.match(sender('aws.partner/appflow.test/salesforce.com/364228160620/Accounts'), { account: null, name: 'aws.partner/appflow.test/salesforce.com/364228160620/Accounts' });
  t.equal(salesforce.parse(bytes(relay(payload()))).transactionId, '00007e6d-5b60-a4e4-87b3-3820b8916f75');
});

t.test('providers by name', async (t) => {
  t.strictSame(AVAILABLE_PROVIDERS, ['salesforce']);
  for (const name of ['hubspot', 'pipedrive']) t.throws(() => createProvider(name, { entities }), { name: 'ValidationError', message: `${name} is not available yet; available: salesforce` });
  t.throws(() => createProvider('zoho', { entities }), { name: 'ValidationError', message: 'zoho is not a provider; known: salesforce, hubspot, pipedrive' });
  t.throws(() => createProvider('constructor', { entities }), ValidationError);
  t.equal(take(relay(payload({ header: { entityName: 'Invoice__c' } })))[0]?.write.aggregate_type, null, 'an entity that no mapping names');
  t.equal(take(relay(payload({ header: { entityName: 'constructor' } })))[0]?.write.aggregate_type, null);
});
