import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@clientele/testing';

export interface Project {
  /** As nx knows it. */
  readonly name: string;
  /** From the root: `libs/domain`. */
  readonly folder: string;
  /** Test sources from the root: `libs/domain/test/clock.unit.test.ts`. */
  readonly tests: readonly string[];
}

/** Every package of the workspace that has tests. */
export function projectsWithTests(): Project[] {
  const parents = ['libs', 'services'].flatMap((parent) => readdirSync(join(workspaceRoot, parent)).map((name) => `${parent}/${name}`));
  return [...parents, 'deploy/local']
    .filter((folder) => existsSync(join(workspaceRoot, folder, 'package.json')))
    .map((folder) => ({ name: nameOf(folder), folder, tests: filesBelow(`${folder}/test`).filter((file) => file.endsWith('.test.ts')) }))
    .filter(({ tests }) => tests.length > 0);
}

/** The project with those tests alone whose path holds one of the words; every test where there are no words. */
export function select(project: Project, words: readonly string[]): Project {
  if (words.length === 0) return project;
  return { ...project, tests: project.tests.filter((file) => words.some((word) => file.includes(word.replace(/^\.\//, '')))) };
}

/** A compiled file whose source was deleted would still run. */
export function removeStaleOutput({ folder }: Project): void {
  for (const part of ['src', 'test']) {
    for (const file of filesBelow(`${folder}/dist/${part}`)) {
      const source = file.replace(`${folder}/dist/`, `${folder}/`).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
      if (source.endsWith('.ts') && !existsSync(join(workspaceRoot, source))) rmSync(join(workspaceRoot, file));
    }
  }
}

/** Where the compiled form of a test source is, from its project's folder. */
export function compiledTest({ folder }: Project, source: string): string {
  return source.replace(`${folder}/`, 'dist/').replace(/\.ts$/, '.js');
}

function nameOf(folder: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(workspaceRoot, folder, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'name' in manifest && typeof manifest.name === 'string') return manifest.name;
  throw new Error(`${folder}/package.json has no name`);
}

function filesBelow(folder: string): string[] {
  if (!existsSync(join(workspaceRoot, folder))) return [];
  return readdirSync(join(workspaceRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(workspaceRoot.length + 1))
    .sort();
}
