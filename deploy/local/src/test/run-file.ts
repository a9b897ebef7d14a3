import { setTimeout as delay } from 'node:timers/promises';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { endingOf, spawnOwned, workspaceRoot } from '@clientele/testing';
import { compiledTest, type TestFile } from './test-files.ts';
import type { EndedFile } from './tap-results.ts';

/** tap ends a file that takes longer, and tells what it waited for. */
const LONGEST_S = 300;
/** One that hears of nothing any more. */
const ENDED_AT_LAST_MS = (LONGEST_S + 20) * 1000;
/** What it wrote at its end may be on its way; what it left running may keep its output open. */
const LAST_WORDS_MS = 2_000;

/** Runs one test file as a process, in its package's folder; keeps what it wrote as `.tap/results/<file>.tap` and `.err` there. */
export async function runFile(test: TestFile): Promise<EndedFile> {
  const cwd = join(workspaceRoot, test.folder);
  const kept = join(cwd, '.tap', 'results', test.file.slice(test.folder.length + 1).replace(/\.ts$/, ''));
  mkdirSync(dirname(kept), { recursive: true });
  for (const ending of ['tap', 'err']) rmSync(`${kept}.${ending}`, { force: true });
  const child = spawnOwned(process.execPath, ['--enable-source-maps', compiledTest(test)], {
    cwd, env: { ...process.env, TAP_TIMEOUT: String(LONGEST_S), NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const [tap, said]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (data: Buffer) => tap.push(data));
  child.stderr?.on('data', (data: Buffer) => said.push(data));
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const patience = setTimeout(() => child.kill('SIGKILL'), ENDED_AT_LAST_MS);
  const ending = await endingOf(child);
  clearTimeout(patience);
  await Promise.race([closed, delay(LAST_WORDS_MS, undefined, { ref: false })]);
  const [text, words] = [Buffer.concat(tap).toString('utf8'), Buffer.concat(said).toString('utf8')];
  writeFileSync(`${kept}.tap`, text);
  if (words !== '') writeFileSync(`${kept}.err`, words);
  return { file: test.file, tap: text, said: words, ending };
}
