import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { underLock } from './lock-file.ts';
import { unpackDebianPackage } from './nats-debian-package.ts';
import { dataDirectory } from './workspace.ts';

const run = promisify(execFile);
const OLDEST = [2, 10] as const;
const FETCH_PATIENCE_MS = 300_000;

export interface NatsBinary {
  readonly path: string;
  readonly version: string;
}

/**
 * The server to run: `NATS_SERVER_BIN`; `nats-server` on the PATH, 2.10 or later; Debian's package of 2.10, fetched once into the data folder.
 * @throws Error that says what to install, in one line.
 */
export async function natsBinary(env: NodeJS.ProcessEnv = process.env, tell: (line: string) => void = () => {}): Promise<NatsBinary> {
  const named = env['NATS_SERVER_BIN'];
  if (named !== undefined && named !== '') {
    const version = await versionOf(named);
    if (version === null) throw new Error(`NATS_SERVER_BIN names ${named}, which is not a nats-server that runs here`);
    if (!isRecent(version)) throw new Error(`NATS_SERVER_BIN names ${named}, which is ${version}: 2.10 or later is needed`);
    return { path: named, version };
  }
  const onPath = await versionOf('nats-server');
  if (onPath !== null && isRecent(onPath)) return { path: 'nats-server', version: onPath };
  const cached = join(dataDirectory(env), 'bin', 'nats-server');
  if (!existsSync(cached)) await underLock(`${cached}.lock`, FETCH_PATIENCE_MS, async () => await fetchInto(cached, onPath, tell));
  return { path: cached, version: await versionOf(cached) ?? 'unknown' };
}

async function fetchInto(cached: string, onPath: string | null, tell: (line: string) => void): Promise<void> {
  if (existsSync(cached)) return;
  const folder = `${cached}.fetch`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    tell("fetching Debian's package of the NATS server");
    const binary = await unpackDebianPackage(folder);
    await chmod(binary, 0o755);
    await rename(binary, cached);
  } catch (cause) {
    const had = onPath === null ? 'no nats-server is on the PATH' : `the nats-server on the PATH is ${onPath}, older than 2.10`;
    throw new Error(`no NATS server: ${had}, and Debian's package cannot be had here. ${remedy()}`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function remedy(): string {
  const install = process.platform === 'darwin' ? 'Install it (brew install nats-server)' : 'Install nats-server 2.10 or later (github.com/nats-io/nats-server/releases)';
  return `${install}, or name a binary in NATS_SERVER_BIN, or a running server in NATS_URL.`;
}

async function versionOf(binary: string): Promise<string | null> {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 10_000 });
    return /v(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1] ?? null;
  } catch {
    // Not there, or not runnable: the caller looks further or says so.
    return null;
  }
}

function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}
