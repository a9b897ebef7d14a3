import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@clientele/testing';
import { compiledTest, type Project } from './projects.ts';
import { readTap, type TapResults } from './tap-results.ts';

const RAW_RESULTS = '.tap/all.tap';
const BIN = join(workspaceRoot, 'node_modules', '.bin');
/** Failures are printed once, at the end, from the raw results; coverage costs a third of the time and is asked for in a package itself. */
const TAP_SETTINGS = { TAP_REPORTER: 'silent', TAP_OUTPUT_FILE: RAW_RESULTS, TAP_DISABLE_COVERAGE: '1' };

/** Runs each project's tests, two files at a time (`jobs` of .taprc) and one project after the other; one that fails stops none of the others. */
export async function runWhole(projects: readonly Project[]): Promise<void> {
  for (const project of projects) prepare(project);
  await run(join(BIN, 'nx'), [
    'run-many', '--target=test', `--projects=${projects.map(({ name }) => name).join(',')}`, '--parallel=1', '--nxBail=false', '--outputStyle=static',
  ], workspaceRoot, { NX_TUI: 'false' });
}

/** Runs these files of a project alone. */
export async function runFiles(project: Project): Promise<void> {
  prepare(project);
  await run(join(BIN, 'tap'), project.tests.map((source) => compiledTest(project, source)), join(workspaceRoot, project.folder), {});
}

/** What came of the last run; null where it left nothing, or nothing whole. */
export function resultsOf({ folder }: Project): TapResults | null {
  const file = join(workspaceRoot, folder, RAW_RESULTS);
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  // tap writes its own total last.
  return /^# \{ total: \d+/m.test(text) ? readTap(text) : null;
}

function prepare({ folder }: Project): void {
  const results = join(workspaceRoot, folder, RAW_RESULTS);
  rmSync(results, { force: true });
  mkdirSync(join(workspaceRoot, folder, '.tap'), { recursive: true });
}

/** Its exit code says less than the results do. */
async function run(command: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...TAP_SETTINGS, ...env }, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', () => resolve());
  });
}
