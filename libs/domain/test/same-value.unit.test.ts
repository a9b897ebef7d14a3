import fc from 'fast-check';
import t from 'tap';
import { sameJson, sameValue, type ExactNumber, type Json } from '../src/index.ts';

class Exact implements ExactNumber {
  readonly isLosslessNumber = true;
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
}

t.test('numbers are the same by what they mean', async (t) => {
  const same: [Json, Json][] = [
    [new Exact('100.50'), 100.5], [new Exact('100.00'), 100], [new Exact('1e2'), new Exact('100')], [0, new Exact('-0.00')], [new Exact('0.10'), new Exact('1.0e-1')],
    [1e21, new Exact('1000000000000000000000')], [{ a: [new Exact('1.0')] }, { a: [1] }], ['x', 'x'], [null, null],
  ];
  for (const [one, other] of same) t.ok(sameValue(one, other) && sameValue(other, one), JSON.stringify([one, other]));
  const different: [Json | undefined, Json | undefined][] = [
    [new Exact('9007199254740993'), new Exact('9007199254740992')], [new Exact('100.50'), 100.05], [1, -1], ['1', 1], [null, 0], [null, undefined], [{ a: 1 }, {}], [[1], [1, 1]], [new Exact('1.0'), { value: '1.0' }],
    [[], {}], [100, 10],
  ];
  for (const [one, other] of different) t.notOk(sameValue(one, other) || sameValue(other, one), JSON.stringify([one, other]));
  fc.assert(
    fc.property(fc.bigInt(), fc.nat(30), fc.nat(10), (digits, scale, zeros) => {
      const [sign, text] = [digits < 0n ? '-' : '', String(digits < 0n ? -digits : digits)];
      const shifted = new Exact(`${sign}${text}${'0'.repeat(zeros)}e-${scale + zeros}`);
      const padded = text.padStart(scale + 1, '0');
      const plain = new Exact(`${sign}${padded.slice(0, padded.length - scale)}.${padded.slice(padded.length - scale)}0`);
      const other = new Exact(`${sign}${BigInt(text) + 1n}e-${scale}`);
      return sameValue(plain, shifted) && !sameValue(plain, other);
    }),
  );
  fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => sameValue(one as Json, other as Json) === sameJson(one as Json, other as Json)), { examples: [[0, -0]] });
});

t.test('times are the same by the moment that they mean, as text or as milliseconds', async (t) => {
  const moment = '2024-04-09T20:19:25Z';
  const same: [Json, Json][] = [
    [moment, '2024-04-09T20:19:25.000Z'], [moment, 1_712_693_965_000], [moment, '2024-04-09T22:19:25+02:00'], ['2024-06-30', 1_719_705_600_000], [{ a: [moment] }, { a: [1_712_693_965_000] }],
  ];
  for (const [one, other] of same) t.ok(sameValue(one, other) && sameValue(other, one), JSON.stringify([one, other]));
  const different: [Json, Json][] = [
    [moment, '2024-04-09T20:19:25.001Z'], [moment, 1_712_693_965_001], ['2024-06-30', '2024-06-30T00:00:00Z'], [moment, null], [moment, ` ${moment}`], [moment, new Exact('1712693965000.5')],
    ['2024-02-30', '2024-03-01'], ['2024-04-09T20:19:25', moment], ['', 0],
  ];
  for (const [one, other] of different) t.notOk(sameValue(one, other) || sameValue(other, one), JSON.stringify([one, other]));
});
