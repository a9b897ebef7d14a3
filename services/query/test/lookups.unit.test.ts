import { UnavailableError } from '@clientele/contracts';
import t from 'tap';
import { CoalescedLookup } from '../src/database/coalesced-lookup.ts';
import { readCursor, writeCursor } from '../src/records/page-cursor.ts';
import { Type } from '@sinclair/typebox';

/** A look-up whose statements are answered when the test says so. */
function controlled() {
  const statements: { keys: readonly number[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const lookup = new CoalescedLookup<number, string>({
    keyOf: String,
    find: (keys) =>
      new Promise((resolve, reject) => {
        const found = new Map(keys.filter((key) => key >= 0).map((key) => [String(key), `value ${key}`]));
        statements.push({ keys, answer: () => resolve(found), fail: reject });
      }),
  });
  return { lookup, statements, turn: () => new Promise((resolve) => setTimeout(resolve)) };
}

t.test('what is asked in one turn goes in one statement, each key once', async (t) => {
  const { lookup, statements, turn } = controlled();
  const answers = Promise.all([1, 2, 2, -1].map((key) => lookup.get(key)));
  await turn();
  t.strictSame(
    statements.map(({ keys }) => keys),
    [[1, 2, -1]],
  );
  statements[0]!.answer();
  t.strictSame(await answers, ['value 1', 'value 2', 'value 2', null]);
});

t.test(
  'two statements are under way at most; what comes meanwhile goes together, and a question is never answered by an older statement',
  async (t) => {
    const { lookup, statements, turn } = controlled();
    const answers: Promise<string | null>[] = [];
    for (const key of [1, 2, 1, 3, 4]) {
      answers.push(lookup.get(key));
      await turn();
    }
    t.strictSame(
      statements.map(({ keys }) => keys),
      [[1], [2]],
    );
    statements[1]!.answer();
    await turn();
    t.strictSame(statements[2]?.keys, [1, 3, 4], 'the second 1 was asked after the first had left');
    statements[0]!.answer();
    statements[2]!.answer();
    t.strictSame(await Promise.all(answers), ['value 1', 'value 2', 'value 1', 'value 3', 'value 4']);
  },
);

t.test('a statement that fails fails its own questions alone', async (t) => {
  const { lookup, statements, turn } = controlled();
  const bad = lookup.get(1);
  await turn();
  const good = lookup.get(2);
  await turn();
  statements[0]!.fail(new UnavailableError('away'));
  statements[1]!.answer();
  await t.rejects(bad, { message: 'away' });
  t.equal(await good, 'value 2');
});

t.test('a key that the database does not take fails alone', async (t) => {
  const { lookup, statements, turn } = controlled();
  const answers = Promise.allSettled([1, 2, 3].map((key) => lookup.get(key)));
  await turn();
  statements[0]!.fail(new RangeError('a character'));
  for (const [at, key] of [1, 2, 3].entries()) {
    await turn();
    t.strictSame(statements[at + 1]?.keys, [key]);
    if (key === 2) statements[at + 1]!.fail(new RangeError('a character'));
    else statements[at + 1]!.answer();
  }
  t.match(await answers, [{ value: 'value 1' }, { reason: { message: 'a character' } }, { value: 'value 3' }]);
});

t.test('questions are bounded, in number and in a statement', async (t) => {
  const { lookup, statements, turn } = controlled();
  const answers = Promise.allSettled(Array.from({ length: 20_001 }, (_, key) => lookup.get(key)));
  await turn();
  t.strictSame(
    statements.map(({ keys }) => keys.length),
    [500, 500],
  );
  let answered = 0;
  while (answered < statements.length) {
    statements[answered++]!.answer();
    await turn();
  }
  const results = await answers;
  t.match(results.at(-1), { status: 'rejected', reason: { name: 'UnavailableError' } });
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 20_000);
});

t.test('a cursor gives back its place, and to its own list alone', async (t) => {
  const place = Type.Tuple([Type.String(), Type.Integer()]);
  const cursor = writeCursor(['é', 7], { sort: 'id' });
  t.match(cursor, /^[A-Za-z0-9_-]+$/);
  t.strictSame(readCursor(cursor, place, { sort: 'id' }), ['é', 7]);
  t.throws(() => readCursor(cursor, place, { sort: '-id' }), { name: 'ValidationError', findings: [{ path: 'query.cursor' }] });
  t.throws(() => readCursor(cursor, Type.Integer(), { sort: 'id' }), { name: 'ValidationError' });
});
