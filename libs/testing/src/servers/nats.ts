import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { natsBinary } from './nats-binary.ts';
import { endingOf, endProcess, spawnOwned } from './owned-process.ts';
import { removeScratch, scratchFolder } from './scratch.ts';
import { workspaceRoot } from './workspace.ts';

export const NATS_USERS = ['operator', 'ingest', 'command', 'projector', 'consumer'] as const;
export type NatsUser = (typeof NATS_USERS)[number];

export interface NatsOptions {
  /** Kept after `stop`. Default: a temporary folder that goes with the server. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Default true, as in production. */
  readonly syncAlways?: boolean;
  /** For instance `1MB`; default as in production. */
  readonly maxPayload?: string;
  /** What all streams may reserve together, for instance `1GB`; default as in production. */
  readonly maxFileStore?: string;
  /** By user; letters and digits, a letter first. Default: `<user>Password`. */
  readonly passwords?: Readonly<Record<NatsUser, string>>;
  readonly logFile?: string;
  /** What the server gets when this process is killed hard. Default SIGKILL. */
  readonly deathSignal?: NodeJS.Signals;
  /** Called as soon as there is a process, before it is ready. */
  readonly onSpawn?: (pid: number) => void;
}

export interface NatsServer {
  readonly port: number;
  readonly pid: number;
  /** For the operator. */
  readonly url: string;
  urlFor(user: NatsUser): string;
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Same port, same streams. */
  restart(): Promise<void>;
  /** Resolves when the present server process ends, for whatever reason, with how it ended in words. */
  readonly exited: Promise<string>;
}

const CONFIGURATION = join(workspaceRoot, 'deploy', 'nats', 'nats-server.conf');
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;

/** Starts a real NATS server with JetStream of its own on the loopback address, by the configuration file of production. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const folder = options.dataDir === undefined ? await scratchFolder('nats') : null;
  const dataDir = options.dataDir ?? folder ?? '';
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const passwords = options.passwords ?? testPasswords();
  const logFile = options.logFile ?? join(dataDir, 'nats-server.log');
  const binary = await natsBinary();
  const configuration = await configurationFor(options, dataDir);
  const deathSignal = options.deathSignal ?? 'SIGKILL';

  const launch = async (port: number): Promise<ChildProcess> => {
    const name = `clientele-${port}-${Date.now().toString(36)}`;
    const before = (await readLog(logFile)).length;
    const child = spawnOwned(binary.path, [
      '--config', configuration, '--name', name, '--addr', '127.0.0.1', '--port', String(port), '--store_dir', dataDir,
    ], { logFile, deathSignal, env: { ...process.env, ...passwordVariables(passwords) } });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
    await untilReady(child, port, name, async () => (await readLog(logFile)).slice(before));
    return child;
  };

  let port = options.port ?? await freePort();
  let child = await launch(port).catch(async (error: unknown) => {
    if (options.port !== undefined || !String(error).includes('address already in use')) throw error;
    port = await freePort();
    return await launch(port);
  });
  const urlFor = (user: NatsUser): string => `nats://${user}:${passwords[user]}@127.0.0.1:${port}`;

  return {
    get port() { return port; },
    get pid() { return child.pid ?? 0; },
    get url() { return urlFor('operator'); },
    get exited() { return endingOf(child); },
    urlFor,
    stop: async () => {
      await endProcess(child, 'SIGTERM', STOP_TIMEOUT_MS);
      if (folder !== null) await removeScratch(folder);
    },
    kill: async () => await endProcess(child, 'SIGKILL', STOP_TIMEOUT_MS),
    restart: async () => {
      await endProcess(child, 'SIGTERM', STOP_TIMEOUT_MS);
      child = await launch(port);
    },
  };
}

function testPasswords(): Record<NatsUser, string> {
  return { operator: 'operatorPassword', ingest: 'ingestPassword', command: 'commandPassword', projector: 'projectorPassword', consumer: 'consumerPassword' };
}

/** The variables that the configuration file reads. */
export function passwordVariables(passwords: Readonly<Record<NatsUser, string>>): Record<string, string> {
  return Object.fromEntries(NATS_USERS.map((user) => [`${user.toUpperCase()}_PASSWORD`, passwords[user]]));
}

/** What a test wants otherwise goes into a file that includes production's and then overrides it. */
async function configurationFor(options: NatsOptions, dataDir: string): Promise<string> {
  const overrides = [
    ...(options.maxPayload === undefined ? [] : [`max_payload: ${options.maxPayload}`]),
    // A block replaces production's as a whole.
    ...(options.syncAlways === false || options.maxFileStore !== undefined
      ? [`jetstream: { sync_interval: ${options.syncAlways === false ? '"2m"' : 'always'}, max_file_store: ${options.maxFileStore ?? '16GB'} }`]
      : []),
  ];
  if (overrides.length === 0) return CONFIGURATION;
  const file = join(dataDir, 'overrides.conf');
  await writeFile(file, [`include '${relative(dataDir, CONFIGURATION)}'`, ...overrides, ''].join('\n'));
  return file;
}

/** Ready when it greets, under the name that only this start has: another server on the port would greet under another. */
async function untilReady(child: ChildProcess, port: number, name: string, log: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const ready = async (): Promise<void> => {
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`nats-server did not start: ${await log()}`);
      if (Date.now() > deadline) throw new Error(`nats-server was not ready within ${START_TIMEOUT_MS / 1000} s: ${await log()}`);
      if ((await greeting(port)).includes(`"server_name":"${name}"`) && (await log()).includes('Server is ready')) return;
      await delay(10);
    }
  };
  await Promise.race([ready(), failed]);
}

/** The server's first line, or an empty text where nothing answers. */
async function greeting(port: number): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('data', (data) => {
      resolve(data.toString('utf8'));
      socket.destroy();
    });
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}

async function readLog(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
