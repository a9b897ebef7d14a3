import t from 'tap';
import { resultsOf, type EndedFile } from '../src/test/tap-results.ts';
import { runProgram } from './support/started-system.ts';

const text = `TAP version 14
# Subtest: outer
    not ok 1 - bad
      ---
      diff: |
        -ok 2
        +    ok 3 - inside the diagnostics
      ...
    ok 2 - good
    # Subtest: inner
        ok 1 - deep
        not ok 2 - deep and bad
        1..2
    not ok 3 - inner # time=12.166ms
    1..3
not ok 1 - outer # time=35.388ms
# Subtest: empty
    1..0
ok 2 - empty # time=0.2ms
ok 3 - skipped # SKIP why
ok 4 - later # TODO
ok 5 - top
# Subtest: late
    ok 1 - in time
    1..1
not ok 6 - late # time=4.539ms
  ---
  expired: late
  ...
1..6
`;

const ended = (tap: string, more: Partial<EndedFile> = {}): EndedFile => ({ file: 'libs/a/test/a.test.ts', tap, said: '', ending: 'exit code 0', ...more });

t.test('leaves are counted, and failures named from the file down', async (t) => {
  const { passed, skipped, failures } = resultsOf(ended(text, { ending: 'exit code 1' }));
  t.equal(passed, 5, 'good, deep, empty, top, in time');
  t.equal(skipped, 2);
  t.same(failures.map(({ path }) => path.join(' > ')), [
    'libs/a/test/a.test.ts > outer > bad', 'libs/a/test/a.test.ts > outer > inner > deep and bad', 'libs/a/test/a.test.ts > late',
  ]);
  t.match(failures[0]?.diagnostics, 'inside the diagnostics');
  t.match(failures[2]?.diagnostics, 'expired: late', 'a test that ends badly after good ones has failed');
});

t.test('a file that does not end well has failed, whatever passed in it', async (t) => {
  const good = 'TAP version 14\nok 1 - one\nok 2 - two\n1..2\n';
  t.same(resultsOf(ended(good)), { passed: 2, skipped: 0, failures: [] });
  const [file] = ['libs/a/test/a.test.ts'];
  t.match(resultsOf(ended(good, { ending: 'exit code 3', said: 'Error: torn down badly\n' })), { passed: 2, failures: [{ path: [file], diagnostics: 'it did not end well: exit code 3\nError: torn down badly' }] });
  t.match(resultsOf(ended('TAP version 14\n# Subtest: d\n    ok 1 - before it was killed\n', { ending: 'signal SIGKILL' })), { passed: 1, failures: [{ path: [file], diagnostics: /SIGKILL/ }] });
  t.match(resultsOf(ended('TAP version 14\nok 1 - one\n')), { passed: 1, failures: [{ path: [file] }] }, 'left before its end');
  t.match(resultsOf(ended('TAP version 14\n1..0 # no tests found\n')), { passed: 0, failures: [{ path: [file], diagnostics: 'there is no test in it' }] });
});

t.test('a run in which no test ran has failed: its words fit no file', async (t) => {
  const run = await runProgram('test', {}, ['no-such-file']);
  t.equal(await run.exited, 1);
  t.match(run.output(), /no test ran\n.*\n0 passed, 0 failed\n$/);
});
