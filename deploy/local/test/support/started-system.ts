import { once } from 'node:events';
import { join } from 'node:path';
import type { Test } from 'tap';
import { eventually, freePort, spawnService, workspaceRoot, type SpawnedService } from '@clientele/testing';
import { openFolders } from '../../src/start/folders.ts';
import { readJsonFile } from '../../src/start/json-file.ts';
import { findSystem, type RunningSystem } from '../../src/start/running-system.ts';

export interface StartedSystem extends SpawnedService {
  readonly system: RunningSystem;
  readonly env: Readonly<Record<string, string>>;
  /** Process number of each part, as registered for a takeover. */
  pids(): ReadonlyMap<string, number>;
}

const DIST = join(workspaceRoot, 'deploy', 'local', 'dist', 'src');
const READY_MS = 120_000;
/** Longer than the launcher's own bounds: what is still there then has to be ended. */
const STOP_MS = 60_000;

/**
 * A folder that is removed when all that the test registers from now on is torn down. tap removes one of `t.testdir` before what is registered
 * after it: under a system that runs, which then never hears that it should stop.
 */
export function folderOf(t: Test): string {
  t.teardown(() => {});
  return t.testdir();
}

/** Ends what a test started, if it still runs, and waits until it is gone. @throws Error where it does not stop by itself. */
export async function untilStopped(running: SpawnedService): Promise<void> {
  running.kill('SIGTERM');
  const patience = AbortSignal.timeout(STOP_MS);
  const stopped = await Promise.race([running.exited.then(() => true), once(patience, 'abort').then(() => false)]);
  if (stopped) return;
  running.kill('SIGKILL');
  await running.exited;
  throw new Error(`it did not stop within ${STOP_MS / 1000} s of SIGTERM: ${running.output().slice(-2000)}`);
}

/** Ports and a data folder that collide with nobody's. */
export async function ownEnvironment(dataDir: string): Promise<Record<string, string>> {
  const [ingest, command, projector, query] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const binary = process.env['NATS_SERVER_BIN'] ?? join(openFolders(process.env).data, 'bin', 'nats-server');
  return {
    CLIENTELE_DATA_DIR: dataDir, NATS_SERVER_BIN: binary, HOME: process.env['HOME'] ?? dataDir,
    INGEST_PORT: String(ingest), COMMAND_PORT: String(command), PROJECTOR_PORT: String(projector), QUERY_PORT: String(query),
  };
}

/** Runs one of the programs behind `npm start`, `npm run smoke` and their like. */
export async function runProgram(program: string, env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<SpawnedService> {
  return await spawnService(join(DIST, program, 'main.js'), env, args);
}

/** As npm runs it: the text of a script that stands in npm's place, with the program as its child. */
export function underNpm(program: string, args: readonly string[]): string {
  const child = [join(DIST, program, 'main.js'), ...args];
  return `import { spawn } from 'node:child_process';
process.title = 'npm ${program}';
spawn(process.execPath, ${JSON.stringify(child)}, { stdio: 'inherit', env: { ...process.env, npm_lifecycle_event: '${program}' }, detached: true });
setInterval(() => {}, 1000);`;
}

/** `npm start` up to its ready block. */
export async function startSystem(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<StartedSystem> {
  return await untilReady(await runProgram('start', env, args), env);
}

/** The ready block of an `npm start` that was started in some way. */
export async function untilReady(process: SpawnedService, env: Readonly<Record<string, string>>): Promise<StartedSystem> {
  const ends: (number | null)[] = [];
  void process.exited.then((code) => ends.push(code));
  await eventually('the ready block', () => ends.length > 0 || process.output().includes('Clientele is ready'), { timeoutMs: READY_MS });
  if (ends.length > 0) throw new Error(`npm start ended with ${String(ends[0])}: ${process.output()}`);
  const folders = openFolders(env);
  return {
    ...process,
    env,
    system: findSystem(env),
    pids: () => registered(readJsonFile(folders.processes)),
  };
}

function registered(kept: unknown): Map<string, number> {
  const entries = Array.isArray(kept) ? kept : [];
  return new Map(entries.map((entry: { name: string; pid: number }) => [entry.name, entry.pid]));
}
