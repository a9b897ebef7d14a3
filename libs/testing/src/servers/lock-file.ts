import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './owned-process.ts';

/**
 * Runs `work` while no other process does under the same lock file. A lock whose process is dead is taken over.
 * @throws Error when another process holds it for longer than `patienceMs`.
 */
export async function underLock<T>(file: string, patienceMs: number, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const deadline = Date.now() + patienceMs;
  while (!await take(file)) {
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true });
    if (Date.now() > deadline) throw new Error(`process ${holder} holds ${file} for more than ${patienceMs / 1000} s: remove the file if it is not at work`);
    await delay(100);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
