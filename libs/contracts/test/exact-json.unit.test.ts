import fc from 'fast-check';
import t from 'tap';
import { exactNumber, parseExact, parseWritten, stringifyExact } from '../src/exact-json.ts';

const literals = ['0', '-0', '-0.0', '1', '12.5', '100.50', '1745500706683617281', '-9007199254740993', '1e3', '1E+400', '1.0', '0.1', '0.0000001', '123456789012345.6'];

/** Values with numbers by their literals, and strings that look like JSON. */
const written = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...literals).map((literal) => literal),
    fc.oneof(fc.string(), fc.constantFrom('"', '\\', '\\"', ':1e400,', '","a":1.0', '{"n":1745500706683617281}', '\u0000', '\ud800')).map((text) => JSON.stringify(text)),
    fc.constantFrom('null', 'true', 'false'),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'a.b', '"', '1.0', ':', '', 'a\\\\', ':1e4,')), tie('value'), { maxKeys: 4 }).map(
      (members) => `{${Object.entries(members).map(([key, value]) => `${JSON.stringify(key)}:${String(value)}`).join(',')}}`,
    ),
  ),
})).value;

t.test('what was written is read as the slow reader reads it, and written again the same', async () => {
  fc.assert(
    fc.property(written, (text) => {
      const json = String(text);
      const value = parseWritten(json);
      if (stringifyExact(value) !== stringifyExact(parseExact(json))) throw new Error(`${stringifyExact(value)} <> ${stringifyExact(parseExact(json))}`);
    }),
    { numRuns: 5000 },
  );
});

t.test('every digit is kept', async (t) => {
  for (const literal of literals) {
    t.equal(stringifyExact(parseWritten(literal)), literal);
    t.equal(stringifyExact(parseWritten(`{"a":[${literal} , ${literal}],"b":${literal}}`)), `{"a":[${literal},${literal}],"b":${literal}}`);
  }
  t.same(parseWritten('{"n":1745500706683617281}'), { n: exactNumber('1745500706683617281') });
});

t.test('what looks like a number inside a string is left alone', async (t) => {
  for (const text of [':1745500706683617281,', '{"commitNumber":1745500706683617281}', '\\":1.0,', '\\\\', '[1e5]']) {
    t.same(parseWritten(JSON.stringify({ raw: text, n: 1 })), { raw: text, n: 1 });
  }
});

t.test('what is no JSON stays none', async (t) => {
  for (const text of ['', '{', '"', '{"a":1.0', '1.0.0', '[1e5', '-', '{"a":1e}', 'nul', '"\\', '{1.50:1}', '{1.50 :1}', '1.50"a"', '01.50', '[1.50 2]', '+1.50', '1.50\\', '\n\t646168491.505090176\\']) {
    t.throws(() => parseWritten(text), SyntaxError, text);
  }
});
