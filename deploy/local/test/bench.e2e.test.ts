import t from 'tap';
import { runProgram } from './support/started-system.ts';

const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));

t.test('a tiny run of the bench', async (t) => {
  const bench = await runProgram('bench', ENVIRONMENT, ['ingest', 'end-to-end', 'reads', 'parked', '--changes', '300', '--parked', '200', '--seconds', '0.2', '--rounds', '1']);
  t.equal(await bench.exited, 0, bench.output());
  for (const line of [
    /^ingest alone, 64 callers +[\d.,]+ +changes\/s +bare Fastify.* [\d.,]+ +[\d.]+ +>= 8,000/m,
    /^end to end, sustained +[\d.,]+ +changes\/s +bare publish.* >= 1,500/m,
    /^memory of command, most \(start \d+, end \d+\) +[\d.]+ +MiB/m,
    /^POST until queryable at \d+ changes\/s, p99 +[\d.,]+ +ms +< 300/m,
    /^changes missing of \d+ +0 +changes +< 1 ✓/m,
    /^end to end, sustained, 200 parked +[\d.,]+ +changes\/s +the same, none parked, before and after +[\d.,]+ +[\d.]+ +ratio >= 0\.95/m,
    /^POST until queryable at \d+ changes\/s, p99, 200 parked +[\d.,]+ +ms +the same, none parked, before and after .* ratio < 1\.05/m,
    /^GET \/clients\/\{id\}, 64 callers +[\d.,]+ +reads\/s +bare Fastify/m,
  ]) t.match(bench.output(), line);
});

t.test('says what it can do, and what it does not understand', async (t) => {
  const help = await runProgram('bench', ENVIRONMENT, ['--help']);
  t.equal(await help.exited, 0);
  t.match(help.output(), /growth .*ten million/);
  const wrong = await runProgram('bench', ENVIRONMENT, ['everything']);
  t.equal(await wrong.exited, 1);
  t.match(wrong.output(), 'bench: there is no section "everything"\n  -> one or more of: append');
});
