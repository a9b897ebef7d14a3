import { natsBinary } from '@clientele/testing';
import { projectsWithTests, removeStaleOutput, select, type Project } from './projects.ts';
import { resultsOf, runFiles, runWhole } from './run-projects.ts';
import type { Failure } from './tap-results.ts';

process.exit(await main(process.argv.slice(2)));

/** Runs the tests whose path holds one of the words, or all; its last line counts them. */
async function main(words: readonly string[]): Promise<number> {
  const begun = Date.now();
  const all = projectsWithTests();
  for (const project of all) removeStaleOutput(project);
  const chosen = all.map((project) => select(project, words)).filter(({ tests }) => tests.length > 0);
  const whole = chosen.filter(({ name, tests }) => all.find((project) => project.name === name)?.tests.length === tests.length);
  if (chosen.length > 0) await natsBinary(process.env, print);
  if (whole.length > 0) await runWhole(whole);
  for (const project of chosen.filter((one) => !whole.includes(one))) await runFiles(project);
  return report(chosen, (Date.now() - begun) / 1000);
}

function report(projects: readonly Project[], seconds: number): number {
  let [passed, skipped] = [0, 0];
  const failures: Failure[] = [];
  for (const project of projects) {
    const results = resultsOf(project);
    passed += results?.passed ?? 0;
    skipped += results?.skipped ?? 0;
    const found = results?.failures ?? [{ path: ['its tests'], diagnostics: 'tap left no whole result: see its output above' }];
    failures.push(...found.map((failure) => ({ ...failure, path: [project.folder, ...failure.path] })));
  }
  for (const failure of failures) print(describe(failure));
  if (failures.length > 0) {
    print('\nFiles with failures:');
    for (const file of new Set(failures.map(({ path }) => path.slice(0, 2).join('/').replace('/dist/', '/').replace(/\.js$/, '.ts')))) print(`  ${file}`);
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
