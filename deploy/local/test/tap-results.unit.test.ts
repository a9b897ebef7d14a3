import t from 'tap';
import { readTap } from '../src/test/tap-results.ts';

const text = `TAP version 14
# Subtest: dist/test/a.test.js
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
    1..5
not ok 1 - dist/test/a.test.js # time=229.68ms
# Subtest: dist/test/b.test.js
    ok 1 - fine
    1..1
not ok 2 - dist/test/b.test.js # time=4.539ms
  ---
  exitCode: 3
  ...
# Subtest: dist/test/c.test.js
    1..0 # no tests found
ok 3 - dist/test/c.test.js # SKIP no tests found
# Subtest: dist/test/d.test.js
        ok 1 - before it was killed
    1..0 # no tests found
not ok 4 - dist/test/d.test.js # time=1ms
  ---
  signal: SIGKILL
  ...
# Subtest: dist/test/e.test.js
    ok 1 - one
    ok 2 - two
    1..2
ok 5 - dist/test/e.test.js # time=1ms
1..5
`;

t.test('leaves are counted, and failures named from the file down', async (t) => {
  const { passed, skipped, failures } = readTap(text);
  t.equal(passed, 8, 'good, deep, empty, top, fine, before it was killed, one, two');
  t.equal(skipped, 2);
  t.same(failures.map(({ path }) => path.join(' > ')), [
    'dist/test/a.test.js > outer > bad',
    'dist/test/a.test.js > outer > inner > deep and bad',
    'dist/test/b.test.js',
    'dist/test/c.test.js',
    'dist/test/d.test.js',
  ]);
  t.match(failures[0]?.diagnostics, 'inside the diagnostics');
  t.match(failures[2]?.diagnostics, 'exitCode: 3', 'a file that ends badly after good tests has failed');
  t.match(failures[3]?.diagnostics, 'there is no test in it');
});
