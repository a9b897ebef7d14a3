import { stringifyExact, type EntityMapping, type EventWriteDTO } from '@clientele/contracts';
import fc from 'fast-check';
import t from 'tap';
import { createProvider, type Translation } from '../src/index.ts';
import { survey, valueSpan } from '../src/json-text.ts';
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
  const list = (writes: readonly { path: string; value: unknown }[]): string[] => writes.map(({ path, value }) => `${path}=${stringifyExact(value)}`);
  return { writes: list(translation.change.fields), hints: list(translation.hints), warnings: translation.warnings.map(({ path, code }) => `${path} ${code}`) };
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
  for (const text of ['001*', '000000000000000AAA', '000000000000000']) t.strictSame(readRecordId(text), { kind: 'entity' }, text);
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
  t.strictSame(update(['A.B'], { 'A.B': 1, A: 'x' }), { writes: [], hints: [String.raw`A\.B=1`, 'A="x"'], warnings: ['data.A.B named_but_absent'] }, 'a key with a dot is no component');
  t.strictSame(update(['Address'], { Address: {} }), { writes: [], hints: [], warnings: ['data.Address named_but_absent'] });
  for (const none of [undefined, []]) {
    t.strictSame(
      update(none, { Name: 'A', Phone: null, Tags: ['x'], External_Account_ID__c: '1ABC', Owner: { Name: 'O' } }),
      { writes: ['Name="A"', 'Phone=null', 'Tags=["x"]'], hints: ['External_Account_ID__c="1ABC"', 'Owner.Name="O"'], warnings: [] },
      'without names: all that is present, but for configured enrichment',
    );
  }
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
  const bitmaps = 'UPDATE of Account 0015f00002JUZPDAA5: its changed fields are bitmaps of the Pub/Sub API, which need the event\'s schema to be read';
  t.equal(pubSub({ nulledFields: [], changedFields: ['0x410000', '4-0x01'] }), bitmaps);
  t.equal(pubSub({ nulledFields: ['0x08'] }), bitmaps);
  t.strictSame(outcome(translations(sampleBodies('amp-mock-eventbridge-envelope-account-create.json')[0] ?? '')[1]), {
    writes: ['Name="Acme"', 'Description="Sample account record."', 'OwnerId="0055f000005mc66AAA"', 'CreatedDate=1712693965000'],
    hints: [],
    warnings: [],
  });
});

t.test('what cannot be decided yet is said to be so, and nothing is made of it', async (t) => {
  const reasons = (name: string): unknown[] => sampleBodies(name).flatMap((body) => translations(body)).map(outcome);
  for (const type of ['create', 'update', 'delete', 'undelete']) {
    for (const reason of reasons(`made-relay-account-gap-${type}.json`)) t.equal(reason, `GAP_${type.toUpperCase()} of Account: Salesforce says that the record changed, not how`);
  }
  t.strictSame(reasons('made-relay-account-gap-overflow.json'), ['GAP_OVERFLOW of Account: Salesforce says that records of this object changed, not which']);
  t.strictSame(reasons('made-relay-account-wildcard-ids.json'), ['UPDATE of Account: Salesforce says that records of this object changed, not which']);
  t.strictSame(reasons('made-relay-account-update-diff-field-cometd-shape.json'), ['UPDATE of Account 0015f00002JUWMVAA5: its field Description is a text difference']);
  t.equal(meaning({ header: { nulledFields: [], diffFields: ['Rating'] } }), 'UPDATE of Account 0015f00002JUZPDAA5: its field Rating is a text difference', 'as the Pub/Sub flavour sends it');
  for (const changeType of ['SNAPSHOT', 'constructor']) t.equal(meaning({ header: { changeType } }), `${changeType} of Account: a kind of change that is not known`);
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
  t.match(salesforce.translate(broken({ event_type: 'Merged' })), { kind: 'unsupported', reason: 'unsupported_change' });
});
