import { stringifyExact, type EntityMapping, type EventWriteDTO } from '@clientele/contracts';
import fc from 'fast-check';
import t from 'tap';
import { createProvider, type Translation } from '../src/index.ts';
import { survey, valueSpan } from '../src/json-text.ts';
import { originClient } from '../src/salesforce/change-origin.ts';
import { checkSuffix, readRecordId } from '../src/salesforce/record-id.ts';
import { bytes, payload, relay, sampleBodies, sampleNames, SOURCE, type PayloadOptions } from './salesforce-samples.ts';

const entities: Record<string, EntityMapping> = { Account: { aggregate: 'client', enriched: ['External_Account_ID__c', 'Owner'] } };
const salesforce = createProvider('salesforce', { entities });

function translations(body: string): Translation[] {
  return salesforce.toEventWrites(salesforce.parse(bytes(body)), { source: SOURCE, correlationId: 'c-1' }).map(({ write }) => salesforce.translate(write));
}

/** What a change writes, hints and warns, as texts; or why it is not supported. */
function meaning(options: PayloadOptions): unknown {
  return outcome(translations(relay(payload(options)))[0]);
}

function outcome(translation: Translation | undefined): unknown {
  if (translation?.kind !== 'change') return translation?.detail;
  const { change } = translation;
  const list = (writes: readonly { path: string; value: unknown }[]): string[] => writes.map(({ path, value }) => `${path}=${stringifyExact(value)}`);
  if (change.kind.startsWith('gap_')) return { kind: change.kind, hints: list(translation.hints) };
  return { writes: list(change.fields), ...(change.diffs === undefined ? {} : { diffs: change.diffs.map(({ path }) => path) }), hints: list(translation.hints), warnings: translation.warnings.map(({ path, code }) => `${path} ${code}`) };
}

t.test('ids: 15 and 18 characters are one id, and damage shows', async (t) => {
  const base = fc.stringMatching(/^[a-zA-Z0-9]{15}$/).filter((text) => !/^0{15}$/.test(text));
  fc.assert(
    fc.property(base, (text) => {
      const id = text + checkSuffix(text);
      const both = [readRecordId(text), readRecordId(id)];
      const lowered = readRecordId(id.toLowerCase());
      const damaged = id === id.toLowerCase() ? lowered.kind === 'record' : lowered.kind === 'wrong' && lowered.message.includes(id);
      return both.every((reading) => reading.kind === 'record' && reading.id === id) && damaged;
    }),
  );
  fc.assert(
    fc.property(base, fc.nat(14), fc.stringMatching(/^[a-zA-Z0-9]$/), (text, at, letter) => {
      const id = text + checkSuffix(text);
      const changed = id.slice(0, at) + letter + id.slice(at + 1);
      const sameCase = /[A-Z]/.test(letter) === /[A-Z]/.test(id.charAt(at));
      return readRecordId(changed).kind === (sameCase ? 'record' : 'wrong');
    }),
  );
  t.strictSame(readRecordId('0015f00002JUZPD'), { kind: 'record', id: '0015f00002JUZPDAA5' });
  t.strictSame(readRecordId('001ak00000oq4rxaal'), {
    kind: 'wrong',
    message: 'has check characters that do not fit: upper and lower case were changed on the way; it was 001ak00000OQ4RxAAL. Send ids as Salesforce gives them',
  });
  t.match(readRecordId('0015f00002JUZPDAA6'), { kind: 'wrong', message: /last three characters would have to be AA5/ });
  for (const text of ['000000000000000AAA', '000000000000000']) t.strictSame(readRecordId(text), { kind: 'entity', id: '000000000000000AAA' }, text);
  t.strictSame(readRecordId('001*'), { kind: 'entity', id: '001*' });
  for (const text of ['', '0015f00002JUZP', '0015f00002JUZPDA', '0015f00002JUZPD\n', '*', '001**', '0015f00002JÜZPD']) t.match(readRecordId(text), { kind: 'wrong' }, JSON.stringify(text));
  const seen = sampleNames('made-relay').flatMap((name) => sampleBodies(name).flatMap((body) => body.match(/00[0-9A-Za-z]{16}(?=")/g) ?? []));
  t.strictSame(seen.filter((id) => readRecordId(id).kind === 'wrong'), [], `the ${seen.length} ids of the samples`);
});

t.test('the text of a value is found as it stands', async (t) => {
  const valueText = (text: string, path: string[]): string | null => {
    const span = valueSpan(text, path);
    return span === null ? null : text.slice(span.start, span.end);
  };
  const json = fc.json({ depthSize: 'medium' });
  fc.assert(
    fc.property(json, json, fc.string(), fc.constantFrom('', ' ', '\n\t', '  '), (before, value, key, space) => {
      const text = `${space}{${space}${JSON.stringify(`${key}x`)}${space}:${space}${before}${space},"a":${space}{"b"${space}:${space}${value}${space}}${space}}`;
      const found = valueText(text, ['a', 'b']);
      return found !== null && found.trim() === value.trim() && text.includes(found) && valueText(text, ['a', `${key}y`, 'c']) === null;
    }),
  );
  t.equal(valueText(String.raw`{"x":"\\\"}","a":"\"{","b":1}`, ['b']), '1', 'quotes and braces in strings');
  t.equal(valueText('[1]', ['a']), null);
  t.equal(valueText('{"a":1}', ['a', 'b']), null);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const insides = (one: unknown): unknown[] => (typeof one === 'object' && one !== null ? Object.values(one) : []);
      const depth = (one: unknown): number => (typeof one === 'object' && one !== null ? 1 + Math.max(0, ...insides(one).map(depth)) : 0);
      const members = (one: unknown): number => insides(one).reduce((sum: number, inside) => sum + members(inside), Array.isArray(one) ? 0 : insides(one).length);
      t.strictSame(survey(JSON.stringify(value)), { depth: depth(value), members: members(value) });
    }),
  );
  t.equal(survey('{"unfinished": "[[[').depth, 1, 'a text that is no JSON');
});

t.test('an update writes what it names, component by component', async (t) => {
  t.strictSame(outcome(translations(sampleBodies('made-relay-account-update-null-and-compound.json')[0] ?? '')[0]), {
    writes: ['LastModifiedDate="2026-05-07T22:31:04.000Z"', 'Phone=null', 'BillingAddress.Street="1235 Wildwood St"', 'BillingAddress.City=null'],
    hints: [],
    warnings: [],
  });
  t.strictSame(outcome(translations(sampleBodies('amp-update-contact-compound-address.json')[0] ?? '')[0]), {
    writes: ['LastModifiedDate="2026-05-07T22:29:47.000Z"', 'MailingAddress.Street="1235 wildwood St"'],
    hints: [],
    warnings: ['data.MailingAddress.City named_but_absent', 'data.OtherAddress.PostalCode named_but_absent'],
  });
  const update = (changedFields: string[] | undefined, fields: Record<string, unknown>): unknown =>
    meaning({ fields, header: { changedFields: changedFields ?? [] }, without: changedFields === undefined ? ['changedFields'] : [] });
  t.strictSame(update(['Name'], { Name: 'A', Rating: 'Hot', Empty: null }), { writes: ['Name="A"'], hints: ['Rating="Hot"'], warnings: [] }, 'what is not named is a hint');
  t.strictSame(update(['Address'], { Address: { City: 'B', Zip: null } }), { writes: ['Address.City="B"', 'Address.Zip=null'], hints: [], warnings: [] }, 'a parent names its components');
  t.strictSame(update(['Address'], { Address: null }), { writes: ['Address=null'], hints: [], warnings: [] }, 'a cleared parent');
  t.strictSame(update(['Address.City'], { Address: null }), { writes: ['Address.City=null'], hints: [], warnings: [] }, 'a component of a cleared parent');
  t.strictSame(update(['Address', 'Address.City', 'Address'], { Address: { City: 'B' } }), { writes: ['Address.City="B"'], hints: [], warnings: [] }, 'each path once');
  t.strictSame(update(['A.B', 'C'], { 'A.B': 1, A: 'x', C: 2 }), { writes: ['C=2'], hints: [String.raw`A\.B=1`, 'A="x"'], warnings: ['data.A.B named_but_absent'] }, 'a key with a dot is no component');
  t.strictSame(update(['Address', 'C'], { Address: {}, C: 2 }), { writes: ['C=2'], hints: [], warnings: ['data.Address named_but_absent'] });
  for (const none of [undefined, []]) {
    t.strictSame(
      update(none, { Name: 'A', Phone: null, Tags: ['x'], External_Account_ID__c: '1ABC', Owner: { Name: 'O' } }),
      { writes: ['Name="A"', 'Phone=null', 'Tags=["x"]'], hints: ['External_Account_ID__c="1ABC"', 'Owner.Name="O"'], warnings: [] },
      'without names: all that is present, but for configured enrichment',
    );
  }
});

t.test('an update that tells no value of what it names is the news that something changed', async (t) => {
  for (const name of ['amp-update-lead-compound-address.json', 'amp-update-account-compound-address.json']) {
    t.match(translations(sampleBodies(name)[0] ?? '')[0], { change: { kind: 'gap_update', fields: [] }, hints: [{ path: 'LastModifiedDate' }], warnings: [{ code: 'named_but_absent' }, { code: 'named_but_absent' }] }, name);
  }
  t.strictSame(meaning({ fields: {}, header: { changedFields: [] } }), { kind: 'gap_update', hints: [] }, 'the header alone');
  t.strictSame(meaning({ fields: { Owner: { Name: 'O' }, Fax: null }, header: { changedFields: [], nulledFields: [] } }), { kind: 'gap_update', hints: ['Owner.Name="O"'] }, 'nothing but enrichment, and nulls that count for nothing');
  t.strictSame(meaning({ fields: {}, header: { changeType: 'CREATE' } }), { writes: [], hints: [], warnings: [] }, 'a creation without fields is one');
});

t.test('parts of compound fields that come flat, as the REST API calls them, are the parts that a relay would have nested', async (t) => {
  const update = (entityName: string, changedFields: string[], fields: Record<string, unknown>, header: Record<string, unknown> = {}): unknown =>
    meaning({ fields, header: { entityName, changedFields, ...header } });
  const writes = (...list: string[]): unknown => ({ writes: list, hints: [], warnings: [] });
  t.strictSame(update('Account', ['BillingCity', 'Name'], { BillingCity: 'B', Name: 'A' }), writes('BillingAddress.City="B"', 'Name="A"'));
  t.strictSame(update('Account', ['BillingAddress.City'], { BillingCity: null }), writes('BillingAddress.City=null'), 'named as the relay does');
  t.strictSame(update('Account', ['BillingCity'], { BillingAddress: { City: 'B' } }), writes('BillingAddress.City="B"'), 'named as the REST API does');
  t.strictSame(update('Account', ['BillingAddress'], { BillingAddress: { City: 'B' }, BillingCity: 'flat', BillingStreet: 'S' }), writes('BillingAddress.City="B"', 'BillingAddress.Street="S"'));
  t.strictSame(update('Contact', ['LastName', 'MailingState'], { LastName: 'L', MailingState: 'M' }), writes('Name.LastName="L"', 'MailingAddress.State="M"'));
  t.strictSame(update('Lead', [], { Street: 'S', FirstName: null }), writes('Address.Street="S"', 'Name.FirstName=null'), 'without names');
  t.strictSame(update('Place__c', ['Loc__Latitude__s'], { Loc__Latitude__s: 1.5 }), writes('Loc__c.Latitude=1.5'));
  t.strictSame(update('Contact', ['Name'], { Name: 'Ann Lee', FirstName: 'Ann', LastName: 'Lee' }), writes('Name.FirstName="Ann"', 'Name.LastName="Lee"'), 'beside a name in one text, which says no more');
  t.strictSame(update('Contact', ['MailingCity'], { MailingAddress: null, MailingCity: 'B', MailingStreet: null }), { writes: ['MailingAddress.City="B"'], hints: [], warnings: [] }, 'beside a compound field that is not told');
  t.strictSame(update('Contact', ['MailingCity', 'MailingStreet'], { MailingAddress: null, MailingCity: null, MailingStreet: null }), writes('MailingAddress.City=null', 'MailingAddress.Street=null'), 'cleared beside a cleared compound field');
  t.strictSame(update('Contact', ['MailingAddress'], { MailingAddress: null, MailingCity: null }), writes('MailingAddress=null'));
  t.strictSame(update('Place__c', ['ns__Loc__Latitude__s'], { ns__Loc__c: null, ns__Loc__Latitude__s: 1 }), writes('ns__Loc__c.Latitude=1'));
  t.strictSame(meaning({ fields: { Name: 'Ann', FirstName: null }, header: { entityName: 'Contact', changeType: 'CREATE' } }), writes('Name="Ann"'), 'parts that say nothing do not take a name away');
  t.strictSame(update('Account', ['LastName'], { LastName: null }), writes('LastName=null'), 'an account may be a company, whose name has no parts');
  t.strictSame(meaning({ fields: { City: 'C', Street: null }, header: { entityName: 'Lead', changeType: 'CREATE' } }), writes('Address.City="C"'));
  t.strictSame(update('Account', [], { BillingCity: null, BillingStreet: 'S' }, { nulledFields: ['BillingCity'] }), writes('BillingAddress.City=null', 'BillingAddress.Street="S"'), 'cleared by name');
});

t.test('a mapping can be told how changes call a field', async (t) => {
  const called = (entity: string, ...fields: string[]): string[] => fields.map((field) => salesforce.changePath(entity, field));
  t.strictSame(called('Contact', 'MailingCity', 'LastName', 'Home__Latitude__s', 'Email'), ['MailingAddress.City', 'Name.LastName', 'Home__c.Latitude', 'Email']);
  t.strictSame(called('Contact', 'MailingAddress', 'MailingAddress.City', 'Name.LastName', 'Home__c.Latitude'), ['MailingAddress', 'MailingAddress.City', 'Name.LastName', 'Home__c.Latitude']);
  t.strictSame(called('Account', 'LastName', 'BillingCity'), ['LastName', 'BillingAddress.City'], 'an account may be a company, whose name has no parts');
});

t.test('a creation and an undeletion carry the whole record, a deletion nothing', async (t) => {
  const fields = { Name: 'A', Phone: null, Address: { City: 'B', Zip: null } };
  for (const changeType of ['CREATE', 'UNDELETE']) {
    t.strictSame(meaning({ fields, header: { changeType, changedFields: ['Name'] } }), { writes: ['Name="A"', 'Address.City="B"'], hints: [], warnings: [] }, changeType);
  }
  t.strictSame(meaning({ fields, header: { changeType: 'DELETE' } }), { writes: [], hints: ['Name="A"', 'Address.City="B"'], warnings: [] });
});

t.test('the Pub/Sub flavour: a null counts only where it is said to be one', async (t) => {
  const fields = { Name: 'A', Phone: null, Fax: null, Address: { City: null, Zip: null } };
  const pubSub = (header: Record<string, unknown>): unknown => meaning({ fields, header: { diffFields: [], changedFields: [], ...header } });
  t.strictSame(pubSub({ nulledFields: [] }), { writes: ['Name="A"'], hints: [], warnings: [] });
  t.strictSame(pubSub({ nulledFields: ['Phone', 'Address.City'] }), { writes: ['Name="A"', 'Phone=null', 'Address.City=null'], hints: [], warnings: [] });
  t.strictSame(pubSub({ nulledFields: ['Fax'], changedFields: ['Phone', 'Fax'] }), { writes: ['Fax=null'], hints: ['Name="A"'], warnings: [] });
  const bitmaps = (header: Record<string, unknown>, fields: Record<string, unknown> = { Name: 'A', Phone: null, Address: { City: 'B', Zip: null } }): unknown =>
    meaning({ fields, header: { diffFields: [], nulledFields: [], ...header } });
  t.strictSame(bitmaps({ changedFields: ['0x000002', '4-0x02'] }), { writes: ['Name="A"', 'Address.City="B"'], hints: [], warnings: [] }, 'as many values as bits: they are the ones');
  t.strictSame(bitmaps({ changedFields: ['0x000012', '4-0x02'] }), { writes: ['Name="A"', 'Address.City="B"'], hints: [], warnings: [] }, 'a parent that is named twice');
  t.strictSame(bitmaps({ changedFields: ['0x02'] }), { kind: 'gap_update', hints: ['Name="A"', 'Address.City="B"'] }, 'more values than bits: something is enrichment');
  t.strictSame(bitmaps({ changedFields: ['0x410000'], nulledFields: ['0x08'] }), { kind: 'gap_update', hints: ['Name="A"', 'Address.City="B"'] }, 'what was cleared cannot be told');
  t.strictSame(bitmaps({ changedFields: ['0x02', '4-0x02'] }, { Name: 'A', Address: { City: 'B' }, Owner: { Name: 'O' } }), { writes: ['Name="A"', 'Address.City="B"'], hints: ['Owner.Name="O"'], warnings: [] }, 'configured enrichment is not counted');
  t.strictSame(outcome(translations(sampleBodies('amp-mock-eventbridge-envelope-account-create.json')[0] ?? '')[1]), {
    writes: ['Name="Acme"', 'Description="Sample account record."', 'OwnerId="0055f000005mc66AAA"', 'CreatedDate=1712693965000'],
    hints: [],
    warnings: [],
  });
});

t.test('a gap of a record is a change without content; a gap of all records is of none', async (t) => {
  const kinds = (name: string): unknown[] =>
    sampleBodies(name).flatMap((body) => translations(body)).map((one) => (one.kind === 'change' ? [one.change.kind, one.change.key.externalId, one.change.fields.length] : one));
  t.strictSame(kinds('made-relay-account-gap-create.json'), [['gap_create', '0015f00002JUZPDAA5', 0]]);
  t.strictSame(kinds('made-relay-account-gap-undelete.json'), [['gap_undelete', '0015f00002JUZPDAA5', 0]]);
  t.strictSame(kinds('made-relay-account-gap-delete.json'), [['delete', '0015f00002JUZPDAA5', 0]], 'a deletion that was missed is a deletion');
  t.strictSame(kinds('made-relay-account-gap-update.json'), ['0015f00002JUZPDAA5', '0015f00002JUZPXAA5', '0015f00002JUZPcAAP'].map((id) => ['gap_update', id, 0]));
  const [overflowGap] = translations(sampleBodies('made-relay-account-gap-overflow.json')[0] ?? '');
  t.match(overflowGap, { kind: 'entity_gap', source: SOURCE, entity: 'Account', stamped: true, clock: /^001778193424000\./, detail: 'GAP_OVERFLOW of Account: Salesforce says that records of this object changed, not which' });
  t.match(kinds('made-relay-account-wildcard-ids.json'), [{ kind: 'entity_gap', entity: 'Account', stamped: false, detail: /^UPDATE of Account/ }]);
  for (const changeType of ['SNAPSHOT', 'constructor']) {
    t.match(translations(relay(payload({ header: { changeType } })))[0], { kind: 'unsupported', reason: 'unknown_change_type', detail: `${changeType} of Account: a kind of change that is not known` });
  }
  const mixed = salesforce.toEventWrites(salesforce.parse(bytes(relay(payload({ header: { recordIds: ['001*', '0015f00002JUZPD'] } })))), { source: SOURCE, correlationId: 'c' });
  t.strictSame(mixed.map(({ write }) => [write.metadata.kind, write.external_id]), [['entity_gap', undefined], ['change', '0015f00002JUZPDAA5']]);
  const overflow = relay(payload({ header: { changeType: 'GAP_OVERFLOW', recordIds: ['0015f00002JUZPDAA5', '0015f00002JUZPXAA5'] } }));
  t.equal(translations(overflow).length, 1, 'an overflow is one, whatever ids stand in it');
});

t.test('a write that no mapper here has made is refused', async (t) => {
  const [write] = salesforce.toEventWrites(salesforce.parse(bytes(relay(payload()))), { source: SOURCE, correlationId: 'c' }).map((taken) => taken.write);
  const broken = (change: Partial<EventWriteDTO>): EventWriteDTO => ({ ...write!, ...change });
  const { external_id: _, ...nameless } = write!;
  t.throws(() => salesforce.translate(nameless), { name: 'ValidationError', message: 'external_id is missing: a change names its record' });
  const metadata = { ...write!.metadata, clock: { ...write!.metadata.clock, commit_time: 'yesterday' } };
  t.throws(() => salesforce.translate(broken({ metadata })), { name: 'ValidationError', message: /^metadata.clock commitTime is not/ });
  t.match(salesforce.translate(broken({ event_type: 'Merged' })), { kind: 'unsupported', reason: 'unknown_change_type' });
});

t.test('a text difference stands beside the fields, in whatever flavour it comes', async (t) => {
  const [relayed] = translations(sampleBodies('made-relay-account-update-diff-field-cometd-shape.json')[0] ?? '');
  t.match(outcome(relayed), { writes: ['LastModifiedDate="2026-05-07T22:32:04.000Z"'], diffs: ['Description'], hints: [], warnings: [] });
  t.match(relayed, { kind: 'change', change: { kind: 'update', diffs: [{ path: 'Description', patch: /^--- \n\+\+\+ 682b8747/ }] } });
  const patch = `--- \n+++ ${'a'.repeat(64)}\n@@ -1 +1 @@\n-a\n+b`;
  t.strictSame(meaning({ fields: { Text__c: { diff: patch }, Rating: 'Hot' }, without: ['changedFields'] }), { writes: ['Rating="Hot"'], diffs: ['Text__c'], hints: [], warnings: [] }, 'an older feed');
  t.strictSame(
    meaning({ fields: { Text__c: patch, Rating: null }, header: { changedFields: ['Text__c'], nulledFields: [], diffFields: ['Text__c'] } }),
    { writes: [], diffs: ['Text__c'], hints: [], warnings: [] },
    'the Pub/Sub flavour in names',
  );
  const whole = `--- \n+++ ${'a1'.repeat(32)}\n@@ -1,1 +1,1 @@\n-A\n+B`;
  t.strictSame(meaning({ fields: { Text__c: whole }, header: { changedFields: ['Text__c'] } }), { writes: [], diffs: ['Text__c'], hints: [], warnings: [] }, 'a plain string that nobody named');
  t.match(meaning({ fields: { Text__c: whole }, header: { changedFields: ['Text__c'], diffFields: [] } }), { writes: [/^Text__c=/] }, 'a feed that names differences, and not this one');
  const bitmaps = { changedFields: ['0x410000'], nulledFields: [], diffFields: ['0x010000'] };
  t.strictSame(
    meaning({ fields: { Name: null, Description: patch, LastModifiedDate: 1714149392000 }, header: bitmaps }),
    { writes: ['LastModifiedDate=1714149392000'], diffs: ['Description'], hints: [], warnings: [] },
    'the Pub/Sub flavour in bitmaps: it is told by its form',
  );
  t.match(meaning({ fields: { Name: null, Description: 'no difference', LastModifiedDate: 1714149392000 }, header: bitmaps }), { kind: 'gap_update' });
  t.strictSame(meaning({ header: { changeType: 'CREATE' }, fields: { Text__c: { diff: patch } } }), { writes: [`Text__c.diff=${JSON.stringify(patch)}`], hints: [], warnings: [] }, 'a creation has no base');
});

t.test('changes of our own are told by the client that made them, or by its user', async (t) => {
  const own = (header: Record<string, unknown>, by: Parameters<typeof salesforce.isOwnChange>[1]): boolean => {
    const [taken] = salesforce.toEventWrites(salesforce.parse(bytes(relay(payload({ header })))), { source: SOURCE, correlationId: 'c' });
    return salesforce.isOwnChange(taken!.write, by);
  };
  const origins = {
    'com/salesforce/api/soap/66.0;client=SfdcInternalAPI/': 'SfdcInternalAPI',
    'com/salesforce/api/rest/60.0;client=Clientele/1.0': 'Clientele/1.0',
    'com/salesforce/api/rest/60.0; CLIENT = a=b ;x=y': 'a=b',
    'com/salesforce/api/rest/60.0;client=': null,
    'com/salesforce/api/rest/60.0': null,
    'client=no parameter': null,
  };
  for (const [origin, client] of Object.entries(origins)) t.equal(originClient(origin), client, origin);
  t.equal(originClient(null), null);
  t.equal(own({ changeOrigin: 'com/salesforce/api/rest/60.0;client=Clientele/' }, { client: 'Clientele' }), true);
  t.equal(own({ changeOrigin: 'com/salesforce/api/rest/60.0;client=ClienteleToo/' }, { client: 'Clientele' }), false);
  t.equal(own({ changeOrigin: '' }, { client: 'Clientele' }), false);
  t.equal(own({}, { user: '0055f000005mc66' }), true, 'the id in 15 characters');
  t.equal(own({ commitUser: null }, { user: '0055f000005mc66AAA' }), false);
  t.equal(own({}, {}), false);
});
