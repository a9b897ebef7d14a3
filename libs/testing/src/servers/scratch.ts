import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, onExit } from './owned-process.ts';

const PREFIX = 'clientele-scratch-';
// A process of another container that shares the folder looks dead from here; a young folder may be its.
const OLD_ENOUGH_MS = 10 * 60_000;

const ours = new Set<string>();

/** A temporary folder of this process. What processes that were killed left behind is swept on the way. */
export async function scratchFolder(what: string): Promise<string> {
  if (ours.size === 0) {
    await sweepLeftovers();
    onExit(removeOurs);
  }
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-${what}-`));
  ours.add(folder);
  return folder;
}

export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** For servers that a test forgot to stop: they were just killed. */
function removeOurs(): void {
  for (const folder of ours) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

async function sweepLeftovers(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(PREFIX));
  await Promise.all(names.map(async (name) => {
    const owner = Number(name.slice(PREFIX.length).split('-')[0]);
    const folder = join(tmpdir(), name);
    const changed = await stat(folder).then((found) => found.mtimeMs, () => Date.now());
    if (isAlive(owner) || Date.now() - changed < OLD_ENOUGH_MS) return;
    await removeScratch(folder).catch(() => {
      // Another process swept it, or it belongs to another user: either way not ours to remove.
    });
  }));
}
