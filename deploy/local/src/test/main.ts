import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { natsBinary } from '@clientele/testing';
import { runFile } from './run-file.ts';
import { resultsOf, type Failure, type TapResults } from './tap-results.ts';
import { longestFirst, select, testFiles, type TestFile } from './test-files.ts';

/** Much of a test of processes is waiting: one more at a time than there are processors keeps them busy, and leases are still renewed in time. */
const AT_ONCE = availableParallelism() + 1;

const HELP = `npm test [-- words]

Runs every test, on servers of its own; with words, only the files whose path holds one of them: npm test -- libs/domain lanes.unit
The last line counts what passed and failed; it ends with 1 where anything failed, or no test ran. What a file wrote is in .tap/results of its package.

  --help   this text
`;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) return 1;
  if (!options.help) return await runAll(options.words);
  process.stdout.write(HELP);
  return 0;
}

function readOptions(args: readonly string[]): { help: boolean; words: readonly string[] } | null {
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { help: { type: 'boolean', short: 'h' } } });
    return { help: values.help ?? false, words: positionals };
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\n  -> npm test -- --help shows what it takes`);
    return null;
  }
}

/** Runs the tests whose path holds one of the words, or all; its last line counts them. */
async function runAll(words: readonly string[]): Promise<number> {
  const begun = performance.now();
  const files = longestFirst(select(testFiles(), words));
  if (files.length > 0) await natsBinary(process.env, print);
  const results: TapResults[] = [];
  const left = files.values();
  // Each takes the next of the same list.
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const file of left) results.push(await run(file));
  }));
  return report(results, (performance.now() - begun) / 1000);
}

async function run(test: TestFile): Promise<TapResults> {
  const begun = performance.now();
  const results = resultsOf(await runFile(test));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  print(`${results.failures.length === 0 ? 'ok    ' : 'not ok'} ${seconds.padStart(6)} s  ${test.file}`);
  return results;
}

function report(results: readonly TapResults[], seconds: number): number {
  const passed = results.reduce((sum, one) => sum + one.passed, 0);
  const skipped = results.reduce((sum, one) => sum + one.skipped, 0);
  const failures = results.flatMap((one) => one.failures);
  for (const failure of failures) print(describe(failure));
  if (failures.length > 0) {
    print('\nFiles with failures:');
    for (const file of new Set(failures.map(({ path }) => path[0] ?? ''))) print(`  ${file}`);
  }
  if (skipped > 0) print(`${skipped} skipped`);
  if (passed + failures.length === 0) print('no test ran');
  print(`in ${seconds.toFixed(0)} s`);
  print(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 && passed > 0 ? 0 : 1;
}

function describe({ path, diagnostics }: Failure): string {
  return [`\nnot ok: ${path.join(' > ')}`, ...diagnostics.split('\n').map((line) => `  ${line}`)].join('\n');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
