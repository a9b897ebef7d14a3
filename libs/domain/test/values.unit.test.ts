import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  aggregateOf, ancestorsOf, apply, childPath, client, clockOf, clockParts, clockTime, composeFields, fieldWrites, initialRecord, isExactNumber, isJsonObject,
  nameOf, publicFields, referencesOf, replay, sameJson, someAncestor, splitPath, type AggregateDefinition, type DomainEvent, type ExactNumber, type Json,
  type JsonObject,
} from '../src/index.ts';
import { at, client as definition } from './support/records.ts';

const pathOf = (keys: readonly string[]): string => keys.reduce<string | null>(childPath, null) ?? '';

class Digits implements ExactNumber {
  readonly isLosslessNumber = true;
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
  toString(): string {
    return this.value;
  }
}

t.test('an object comes apart into leaves and together again', (t) => {
  const fields = { Name: 'A', BillingAddress: { Street: 'x', Geo: { Latitude: 1.5 } }, Tags: [{ a: 1 }], 'odd.key': { 'back\\slash': null }, Empty: {} };
  const writes = fieldWrites(fields);
  t.strictSame(writes, [
    { path: 'Name', value: 'A' },
    { path: 'BillingAddress.Street', value: 'x' },
    { path: 'BillingAddress.Geo.Latitude', value: 1.5 },
    { path: 'Tags', value: [{ a: 1 }] },
    { path: 'odd\\.key.back\\\\slash', value: null },
  ]);
  const { Empty: _, ...rest } = fields;
  t.strictSame(composeFields(writes), rest);
  t.strictSame(composeFields([{ path: 'A', value: 1 }, { path: 'A.B', value: 2 }]), { A: { B: 2 } });
  t.strictSame(composeFields([{ path: 'A.B', value: 2 }, { path: 'A', value: 1 }]), { A: 1 });
  const value = { X: 1 };
  t.strictSame(composeFields([{ path: 'A', value }, { path: 'A.B', value: 2 }]), { A: { B: 2 } }, 'a value that is an object gives way as well');
  t.strictSame(value, { X: 1 }, 'and stays as it was');
  t.end();
});

t.test('keys that mean something to JavaScript are only keys', (t) => {
  const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":2},"a":{"__proto__":3}}') as JsonObject;
  const again = composeFields(fieldWrites(hostile));
  t.equal(JSON.stringify(again), JSON.stringify(hostile));
  t.notOk('polluted' in {});
  t.equal(nameOf('constructor', definition), 'constructor');
  t.equal(nameOf('__proto__.polluted', definition), '__proto__.polluted');
  t.strictSame(sameJson(hostile, {}), false);
  t.end();
});

t.test('any keys survive', (t) => {
  const key = fc.oneof(fc.string(), fc.constantFrom('.', '\\', '\\.', 'a.b', '', '__proto__'));
  fc.assert(fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), (keys) => {
    const path = pathOf(keys);
    assert.deepEqual(splitPath(path), keys);
    assert.deepEqual(ancestorsOf(path), keys.slice(1).map((_, at) => pathOf(keys.slice(0, at + 1))));
  }), { numRuns: 500 });
  const tree = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, fc.string(), fc.integer(), fc.constant(null), fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 3 })),
  })).node.filter(isJsonObject);
  fc.assert(fc.property(tree, (fields) => sameJson(composeFields(fieldWrites(fields)), fields)), { numRuns: 1000 });
  t.end();
});

t.test('numbers are compared digit by digit', (t) => {
  const big = new Digits('1745500706683617281');
  t.ok(isExactNumber(big));
  t.notOk(isJsonObject(big));
  t.ok(sameJson(big, new Digits('1745500706683617281')));
  t.notOk(sameJson(big, new Digits('1745500706683617282')));
  t.notOk(sameJson(new Digits('100.50'), 100.5));
  t.strictSame(fieldWrites({ n: big }), [{ path: 'n', value: big }], 'a leaf');
  const pretender: JsonObject = { isLosslessNumber: true, value: '1}' };
  t.notOk(isExactNumber(pretender), 'an object of a feed that only looks like a number');
  t.strictSame(fieldWrites({ n: pretender }).length, 2);
  t.ok(sameJson({ a: [1, { b: null }] }, { a: [1, { b: null }] }));
  t.notOk(sameJson([1], [1, 2]));
  t.notOk(sameJson({ a: 1 }, { b: 1 }));
  t.notOk(sameJson({}, null));
  t.end();
});

t.test('clocks sort as their parts do', (t) => {
  const parts = fc.record({
    commitTime: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 999_999_999_999_999 })),
    commitNumber: fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 0n, max: 18_446_744_073_709_551_615n })).map(String),
    sequenceNumber: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.maxSafeNat()),
    changeId: fc.constantFrom('20260507-a', '20260507-b', 'x.y'),
  });
  fc.assert(fc.property(parts, parts, (one, other) => {
    assert.deepEqual(clockParts(clockOf(one)), { ...one });
    const order = one.commitTime - other.commitTime || Number(BigInt(one.commitNumber) - BigInt(other.commitNumber))
      || one.sequenceNumber - other.sequenceNumber || (one.changeId < other.changeId ? -1 : Number(one.changeId > other.changeId));
    const [a, b] = [clockOf(one), clockOf(other)];
    assert.equal(a < b ? -1 : Number(a > b), Math.sign(order));
  }), { numRuns: 1000 });
  t.throws(() => clockOf({ commitTime: -1, commitNumber: '0', sequenceNumber: 0, changeId: 'a' }), RangeError);
  t.throws(() => clockOf({ commitTime: 1.5, commitNumber: '0', sequenceNumber: 0, changeId: 'a' }), RangeError);
  t.throws(() => clockOf({ commitTime: 1, commitNumber: '1e18', sequenceNumber: 0, changeId: 'a' }), RangeError);
  t.equal(clockTime(at(1778192987)), '2026-05-07T22:29:47.000Z');
  t.end();
});

t.test('names and references come from the mapping', (t) => {
  t.equal(nameOf('BillingAddress.Street', definition), 'address.Street');
  t.equal(nameOf('BillingAddress.PostalCode', definition), 'postcode');
  t.equal(nameOf('Other__c', definition), 'Other__c');
  const fields = (ParentId: Json) => replay([
    { type: 'Created', clock: at(1), fields: fieldWrites({ ParentId }), lost: [], floor: true, lifecycle: 'active', changed: [], state: null },
  ]);
  t.strictSame(referencesOf(fields('001'), definition), [{ field: 'ParentId', entity: 'Account', externalId: '001' }]);
  t.strictSame(referencesOf(fields(null), definition), []);
  t.end();
});

t.test('aggregates apply, and do nothing else', (t) => {
  for (const type of ['client', 'contact', 'opportunity', 'lead', 'invoice']) {
    const aggregate = aggregateOf(type);
    t.equal(aggregate.type, type);
    t.strictSame(Object.keys(aggregate), ['type', 'initial', 'apply']);
    t.ok(Object.isFrozen(aggregate));
  }
  t.equal(aggregateOf('client'), client);
  const before = JSON.stringify([...initialRecord.fields, { ...initialRecord }]);
  const event = Object.freeze({
    type: 'Created' as const, clock: at(1), fields: Object.freeze([Object.freeze({ path: 'A', value: 1 })]), lost: Object.freeze([]), floor: true,
    lifecycle: 'active' as const, changed: Object.freeze([]), state: null,
  });
  const one = client.apply(client.initial, event);
  client.apply(one, { type: 'Withdrawn', clock: at(2), status: null });
  t.equal(JSON.stringify([...initialRecord.fields, { ...initialRecord }]), before, 'the state that it came from is left alone');
  t.strictSame([...one.fields], [['A', { value: 1, clock: at(1) }]]);
  const exploded = Object.assign({}, event, { type: 'Exploded', fields: [{ path: 'Email', value: 'ada@example.com' }] });
  t.throws(() => apply(one, exploded), { message: 'cannot apply an event of an unknown type: Exploded' }, 'no word of what it holds');
  t.end();
});

t.test('where a mapping gives two fields one name, the later written shows, whatever came first', (t) => {
  const twice: AggregateDefinition = { ...definition, names: { Phone: 'phone', MobilePhone: 'phone' } };
  const change = (time: number, path: string) => ({ type: 'Updated', clock: at(time), fields: [{ path, value: path }], lost: [], floor: false, lifecycle: null, changed: [], state: null }) as const;
  const shown = (...events: readonly DomainEvent[]): JsonObject => publicFields(replay(events), twice);
  t.strictSame(shown(change(1, 'Phone'), change(2, 'MobilePhone')), { phone: 'MobilePhone' });
  t.strictSame(shown(change(2, 'Phone'), change(1, 'MobilePhone')), { phone: 'Phone' });
  t.strictSame(shown(change(1, 'Phone'), change(1, 'MobilePhone')), shown(change(1, 'MobilePhone'), change(1, 'Phone')), 'of one change');
  t.end();
});

t.test('a path is asked about those above it without a list of them', (t) => {
  const keys = fc.array(fc.string({ unit: fc.constantFrom('a', '.', '\\'), maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(keys, fc.nat(4), (parts, at) => {
    const path = pathOf(parts);
    const ancestors = ancestorsOf(path);
    const seen: string[] = [];
    const found = someAncestor(path, (ancestor) => seen.push(ancestor) > at);
    assert.deepEqual(seen, ancestors.slice(0, at + 1));
    assert.equal(found, ancestors.length > at);
  }), { numRuns: 1000 });
  t.end();
});
