import { rmSync } from 'node:fs';
import { underLock } from '@clientele/testing';
import type { Folders } from './folders.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { identityOf, isGone, isRunning, stopProcess, type ProcessIdentity, type ProcessRegister } from './process-register.ts';
import { StartError } from './start-error.ts';

// A launcher whose npm was killed notices within a second and stops: longer than that it runs on purpose.
const NOTICE_MS = 3_000;
const STOPPING_MS = 40_000;
const LEFTOVER_GRACE_MS = 15_000;
const LOCK_PATIENCE_MS = 60_000;

interface Launcher extends ProcessIdentity {
  readonly stopping: boolean;
}

/**
 * Makes this process the one launcher of the data folder, and stops what an earlier one that was killed left running.
 * @throws StartError while another one runs.
 */
export async function becomeLauncher(folders: Folders, register: ProcessRegister, say: (line: string) => void): Promise<void> {
  await underLock(`${folders.launcher}.lock`, LOCK_PATIENCE_MS, async () => {
    await earlierLauncherEnds(folders, say);
    writeJsonFile(folders.launcher, { ...identityOf(process.pid), stopping: false });
  });
  const left = register.leftRunning();
  if (left.length === 0) return;
  say(`taking over from a start that was killed: stopping ${left.map((found) => `${found.name} (${found.pid})`).join(', ')}`);
  const isServer = (name: string): boolean => name === 'postgres' || name === 'nats';
  await Promise.all(left.filter(({ name }) => !isServer(name)).map(async (found) => await stopProcess(found, LEFTOVER_GRACE_MS)));
  await Promise.all(left.filter(({ name }) => isServer(name)).map(async (found) => await stopProcess(found, LEFTOVER_GRACE_MS)));
}

export function tellStopping(folders: Folders): void {
  writeJsonFile(folders.launcher, { ...identityOf(process.pid), stopping: true });
}

export function noLongerLauncher(folders: Folders): void {
  for (const file of [folders.launcher, folders.processes, folders.system]) rmSync(file, { force: true });
}

async function earlierLauncherEnds(folders: Folders, say: (line: string) => void): Promise<void> {
  const earlier = readJsonFile(folders.launcher);
  if (!isLauncher(earlier) || earlier.pid === process.pid || await isGone(earlier, NOTICE_MS)) return;
  const now = readJsonFile(folders.launcher);
  if (isLauncher(now) && now.stopping) {
    say(`waiting for an earlier start (process ${earlier.pid}) to stop`);
    if (await isGone(earlier, STOPPING_MS)) return;
  }
  if (!isRunning(earlier)) return;
  throw new StartError(`Clientele already runs here, started by process ${earlier.pid}`,
    `stop it (Ctrl-C there, or kill ${earlier.pid}), or give this one a CLIENTELE_DATA_DIR and ports of its own`);
}

function isLauncher(value: unknown): value is Launcher {
  return typeof value === 'object' && value !== null && 'pid' in value && Number.isSafeInteger(value.pid)
    && 'startedAt' in value && typeof value.startedAt === 'string' && 'stopping' in value && typeof value.stopping === 'boolean';
}
