import { EventReadDTO, parseExact, Record as RecordDTO } from '@clientele/contracts';
import { FormatRegistry } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import t from 'tap';
import { changeJson, conversionKey, dayOfChange, parseWake, recordJson, referencesIn, searchQuery, searchTerms, type ChangeRow, type RecordRow } from '../src/index.ts';

FormatRegistry.Set('date-time', (value) => new Date(value).toISOString() === value);
FormatRegistry.Set('uuid', (value) => /^[0-9a-f-]{36}$/.test(value));

const RECORD: RecordRow = {
  id: '0197a1b2-0000-7000-8000-000000000001',
  type: 'client',
  source: 'salesforce:00D5f000005KcCnEAK',
  entity: 'Account',
  externalId: '0015f00002JUwTZAA1',
  version: 3,
  lifecycle: 'active',
  complete: true,
  dirtySince: null,
  status: 'Active',
  fields: '{"name":"Acme","revenue":100.50,"big":1745500706683617281}',
  sourceFields: '{"Name":"Acme","AnnualRevenue":100.50,"Big__c":1745500706683617281}',
  externalReferences: '[{"field":"OwnerId","source":"s","entity":"User","external_id":"005","aggregate_type":null}]',
  createdAt: new Date('2025-04-24T13:18:26.683Z'),
  updatedAt: new Date('2025-04-25T00:00:00.000Z'),
  position: '9007199254740993',
  survivorEntity: null,
  survivorExternalId: null,
  convertedInto: null,
  convertedFrom: null,
};

const PLAIN = { references: '[]', convertedInto: '[]', supersededBy: null };

const CHANGE: ChangeRow = {
  day: '2025-04-24',
  id: '20250424-abc_DEF-123',
  eventType: 'Updated',
  provider: 'salesforce',
  source: 'salesforce:00D5f000005KcCnEAK',
  entity: 'Account',
  aggregateType: 'client',
  externalId: '0015f00002JUwTZAA1',
  data: '{"AnnualRevenue":100.50}',
  metadata: '{"kind":"change","actor":null,"origin":null,"clock":{"commit_time":"2025-04-24T13:18:26.683Z","commit_number":"1745500706683617281","sequence_number":1},'
    + '"correlation_id":"c","causation_id":null,"transaction_id":null,"source_change_type":"UPDATE"}',
  occurredAt: new Date('2025-04-24T13:18:26.683Z'),
  status: 'processed',
  outcome: 'applied',
  reason: null,
  errors: '[]',
  warnings: '[{"path":"status","code":"unlisted_status","message":"kept"}]',
  receivedAt: new Date('2025-04-24T13:18:27.000Z'),
  processedAt: new Date('2025-04-24T13:18:27.100Z'),
  aggregateId: '0197a1b2-0000-7000-8000-000000000001',
  position: '12',
};

t.test('a record row becomes the Record DTO, every digit as it stands in the document', async (t) => {
  const references = RECORD.externalReferences.replace('}', ',"aggregate_id":"0197a1b2-0000-7000-8000-000000000002","superseded_id":null}');
  const text = recordJson(RECORD, { ...PLAIN, references });
  const dto = parseExact(text);
  t.same([...Value.Errors(RecordDTO, dto)], []);
  t.match(text, '"fields":{"name":"Acme","revenue":100.50,"big":1745500706683617281}');
  t.match(text, '"external_id":"0015f00002JUwTZAA1","fields":{"Name":"Acme","AnnualRevenue":100.50,"Big__c":1745500706683617281}');
  t.match(dto, {
    references: [{ field: 'OwnerId', aggregate_id: '0197a1b2-0000-7000-8000-000000000002' }],
    position: '9007199254740993',
    created_at: '2025-04-24T13:18:26.683Z',
  });
});

t.test('where the mapping renames nothing, the fields of the record are those of its source', async (t) => {
  const dto = parseExact(recordJson({ ...RECORD, sourceFields: null, status: 'says "so"' }, PLAIN));
  t.match(dto, { status: 'says "so"', sources: [{ fields: { name: 'Acme' } }], references: [] });
  t.same(referencesIn('[]'), []);
  t.throws(() => referencesIn('[7]'), TypeError);
});

t.test('what a record became, what became it, and what it lives on in, stand in the Record DTO', async (t) => {
  const id = '0197a1b2-0000-7000-8000-00000000000';
  const became = { field: 'ConvertedAccountId', source: 's', entity: 'Account', external_id: '001', aggregate_type: 'client', aggregate_id: `${id}3`, superseded_id: `${id}4` };
  const from = { aggregate_type: 'lead', aggregate_id: `${id}5`, source: 's', entity: 'Lead', external_id: '00Q' };
  const text = recordJson({ ...RECORD, convertedFrom: JSON.stringify([from]) }, { references: '[]', convertedInto: JSON.stringify([became]), supersededBy: `${id}6` });
  const dto = parseExact(text);
  t.same([...Value.Errors(RecordDTO, dto)], []);
  t.match(dto, { superseded_by: `${id}6`, converted_into: [became], converted_from: [from] });
  t.equal(conversionKey(became), 's\tAccount\t001');
  t.equal(conversionKey({ source: 's', entity: 'A\nB', external_id: 'x\ty' }), 's\tA B\tx y', 'one line, three parts');
});

t.test('a change row becomes the EventReadDTO; what it does not have is left out or null as the DTO says', async (t) => {
  const text = changeJson(CHANGE, { repeats: 2, attempts: 1, nextAttemptAt: new Date(0) });
  t.same([...Value.Errors(EventReadDTO, parseExact(text))], []);
  t.match(text, '"data":{"AnnualRevenue":100.50}');
  t.match(parseExact(text), { repeats: 2, attempts: 1, next_attempt_at: null, warnings: [{ code: 'unlisted_status' }], processed_at: '2025-04-24T13:18:27.100Z' });

  const parked = changeJson({ ...CHANGE, eventType: null, externalId: null, aggregateId: null, processedAt: null, status: 'parked', outcome: 'parked' },
    { repeats: 0, attempts: 3, nextAttemptAt: new Date('2025-04-24T14:00:00Z') });
  t.same([...Value.Errors(EventReadDTO, parseExact(parked))], []);
  t.notMatch(parked, /event_type|external_id/);
  t.match(parseExact(parked), { processed_at: null, aggregate_id: null, attempts: 3, next_attempt_at: '2025-04-24T14:00:00.000Z' });
});

t.test('the day of a change id', async (t) => {
  t.equal(dayOfChange('20250424-abc'), '2025-04-24');
  t.equal(dayOfChange('19700101-abc'), '1970-01-01');
  for (const bad of ['', '2025-04-24', '20251324-abc', '20250230-abc', 'abcdefgh-abc', '20250424']) t.equal(dayOfChange(bad), null, bad);
});

t.test('search words are folded alike in records and in questions, and nothing else gets into the query', async (t) => {
  t.same(searchTerms(['Müller & Söhne GmbH', 'jane.doe@Acme.com', 'müller']), ['muller', 'sohne', 'gmbh', 'jane', 'doe', 'acme', 'com']);
  t.equal(searchTerms([Array.from({ length: 500 }, (_, n) => `w${n}`).join(' ')]).length <= 64, true);
  t.equal(searchQuery("Müll' | !x:*"), "'mull':* & 'x':*");
  t.equal(searchQuery(' -- '), null);
  t.equal(searchQuery('a\u0000b'), "'a':* & 'b':*");
});

t.test('a notification tells the positions of the views; anything else is none', async (t) => {
  t.same(parseWake('{"records":"42","changes":"40"}'), { records: '42', changes: '40' });
  for (const bad of [undefined, '', 'x', '{"records":42}']) t.equal(parseWake(bad), null);
});
