import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { endingOf, endProcess, spawnOwned } from './owned-process.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { copyCluster, createCluster } from './postgres-cluster.ts';
import { removeScratch, scratchFolder } from './scratch.ts';
import { unprivileged } from './unprivileged.ts';

export interface PostgresOptions {
  /** Kept after `stop`. Default: a temporary folder that goes with the server. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Whether commits survive a loss of power. Default false: a crash of the server's processes is survived all the same. */
  readonly durable?: boolean;
  /** Of the superuser `postgres`; for a new `dataDir` it is set, else it must fit. */
  readonly password?: string;
  /** Server settings, for instance `{ shared_buffers: '256MB' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly logFile?: string;
  /** What the server gets when this process is killed hard. Default SIGQUIT. */
  readonly deathSignal?: NodeJS.Signals;
  /** Called as soon as there is a process, before it is ready. */
  readonly onSpawn?: (pid: number) => void;
}

export interface PostgresServer {
  readonly port: number;
  readonly pid: number;
  /** For the superuser. */
  url(database?: string): string;
  /**
   * @returns the superuser's url of a new database (default: a name drawn at random): an empty one, or a copy of `template`, which nobody may be
   * connected to meanwhile.
   */
  createDatabase(name?: string, template?: string): Promise<string>;
  /** Ends sessions and stops cleanly; a temporary folder is removed. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. `restart` brings it back with what was committed. */
  kill(): Promise<void>;
  /** Same port, same data. */
  restart(): Promise<void>;
  /** Resolves when the present server process ends, for whatever reason, with how it ended in words. */
  readonly exited: Promise<string>;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const TEST_PASSWORD = 'postgres';
const EPHEMERAL = { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB', max_wal_size: '1GB' };
const ALWAYS = { listen_addresses: '127.0.0.1', unix_socket_directories: '', timezone: 'UTC', log_timezone: 'UTC', max_connections: '200' };

/** Starts a real PostgreSQL of its own on the loopback address. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const durable = options.durable ?? false;
  const folder = options.dataDir === undefined ? await scratchFolder('pg') : null;
  const dataDir = options.dataDir ?? join(folder ?? '', 'data');
  const password = options.password ?? TEST_PASSWORD;
  const logFile = options.logFile ?? `${dataDir}.log`;
  const deathSignal = options.deathSignal ?? 'SIGQUIT';
  const settings = { ...ALWAYS, ...(durable ? {} : EPHEMERAL), ...options.settings };
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    await (durable || password !== TEST_PASSWORD ? createCluster(dataDir, password, durable) : copyCluster(dataDir));
  }

  const launch = async (port: number): Promise<ChildProcess> => {
    const flags = Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const before = await readLog(logFile);
    const child = spawnOwned(postgresBinaries().postgres, ['-D', dataDir, ...flags], {
      logFile, deathSignal, runUnder: unprivileged(postgresBinaries().postgres, dataDir), env: { ...process.env, LC_ALL: 'C' },
    });
    if (child.pid !== undefined) options.onSpawn?.(child.pid);
    await untilReady(child, dataDir, async () => (await readLog(logFile)).slice(before.length));
    return child;
  };

  let port = options.port ?? await freePort();
  let child = await launch(port).catch(async (error: unknown) => {
    if (options.port !== undefined || !isPortTaken(error)) throw error;
    port = await freePort();
    return await launch(port);
  });
  const url = (database = 'postgres'): string => `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

  return {
    get port() { return port; },
    get pid() { return child.pid ?? 0; },
    get exited() { return endingOf(child); },
    url,
    createDatabase: async (name = `test_${randomBytes(6).toString('hex')}`, template = 'template1') => {
      await createDatabase(url(), name, template);
      return url(name);
    },
    // SIGINT: PostgreSQL's fast shutdown.
    stop: async () => {
      await endProcess(child, 'SIGINT', STOP_TIMEOUT_MS);
      if (folder !== null) await removeScratch(folder);
    },
    kill: async () => await endProcess(child, 'SIGKILL', STOP_TIMEOUT_MS),
    restart: async () => {
      await endProcess(child, 'SIGINT', STOP_TIMEOUT_MS);
      child = await relaunch(async () => await launch(port));
    },
  };
}

async function createDatabase(adminUrl: string, name: string, template: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'clientele-testing' });
  await client.connect();
  try {
    await client.query(`create database ${client.escapeIdentifier(name)} template ${client.escapeIdentifier(template)}`);
  } finally {
    await client.end();
  }
}

/** The server's own sign, the one that pg_ctl waits for: the last line of its pid file. */
async function untilReady(child: ChildProcess, dataDir: string, log: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  const ready = async (): Promise<void> => {
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`PostgreSQL did not start: ${await log()}`);
      if (Date.now() > deadline) throw new Error(`PostgreSQL was not ready within ${START_TIMEOUT_MS / 1000} s: ${await log()}`);
      const lines = (await readLog(join(dataDir, 'postmaster.pid'))).split('\n');
      if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return;
      await delay(10);
    }
  };
  await Promise.race([ready(), failed]);
}

/** After a kill the old server's children may hold its memory for a moment. */
async function relaunch(launch: () => Promise<ChildProcess>): Promise<ChildProcess> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  for (;;) {
    try {
      return await launch();
    } catch (error) {
      if (Date.now() > deadline || !String(error).includes('still in use')) throw error;
      await delay(100);
    }
  }
}

async function readLog(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}

function isPortTaken(error: unknown): boolean {
  return String(error).includes('Address already in use');
}
