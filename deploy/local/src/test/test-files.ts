import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@clientele/testing';

export interface TestFile {
  /** Of its package, from the root: `libs/domain`. */
  readonly folder: string;
  /** Its source, from the root: `libs/domain/test/clock.unit.test.ts`. */
  readonly file: string;
}

/** The test files of every package of the workspace. Also removes what was compiled from sources that are gone: it would still be imported. */
export function testFiles(): TestFile[] {
  const parents = ['libs', 'services'].flatMap((parent) => readdirSync(join(workspaceRoot, parent)).map((name) => `${parent}/${name}`));
  const folders = [...parents, 'deploy/local'].filter((folder) => existsSync(join(workspaceRoot, folder, 'package.json')));
  for (const folder of folders) removeStaleOutput(folder);
  return folders.flatMap((folder) => filesBelow(`${folder}/test`).filter((file) => file.endsWith('.test.ts')).map((file) => ({ folder, file })));
}

/** Those whose path holds one of the words; all where there are no words. */
export function select(files: readonly TestFile[], words: readonly string[]): TestFile[] {
  return files.filter(({ file }) => words.length === 0 || words.some((word) => file.includes(word.replace(/^\.\//, ''))));
}

/** Those first that take longest, as far as one can see: what is begun last should not be what everything waits for at the end. */
export function longestFirst(files: readonly TestFile[]): TestFile[] {
  const weights = new Map(files.map(({ file }) => [file, weightOf(file)]));
  const weight = ({ file }: TestFile): number => weights.get(file) ?? 0;
  return [...files].sort((one, other) => weight(other) - weight(one) || one.file.localeCompare(other.file, 'en'));
}

/** Whole processes take longer than servers, these longer than code alone; services longer than libraries; beyond that, there is what there is to do. */
function weightOf(file: string): number {
  const kind = ['.unit.', '.int.', '.e2e.'].findIndex((one) => file.includes(one));
  const floor = ['libs/', 'services/', 'deploy/'].findIndex((one) => file.startsWith(one));
  return kind * 10 + floor + Math.min(statSync(join(workspaceRoot, file)).size / 100_000, 0.9);
}

/** Where the compiled form of a test is, from its package's folder. */
export function compiledTest({ folder, file }: TestFile): string {
  return file.replace(`${folder}/`, 'dist/').replace(/\.ts$/, '.js');
}

function removeStaleOutput(folder: string): void {
  for (const part of ['src', 'test']) {
    for (const file of filesBelow(`${folder}/dist/${part}`)) {
      const source = file.replace(`${folder}/dist/`, `${folder}/`).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
      if (source.endsWith('.ts') && !existsSync(join(workspaceRoot, source))) rmSync(join(workspaceRoot, file));
    }
  }
}

function filesBelow(folder: string): string[] {
  if (!existsSync(join(workspaceRoot, folder))) return [];
  return readdirSync(join(workspaceRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(workspaceRoot.length + 1))
    .sort();
}
