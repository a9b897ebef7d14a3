import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, onExit } from '@clientele/testing';
import { openFolders } from '../../start/folders.ts';
import { migrate } from '../../start/migrations.ts';
import { untilAllReady } from '../../start/readiness.ts';
import { systemOf, type RunningSystem } from '../../start/running-system.ts';
import { chooseServers, type Servers } from '../../start/servers.ts';
import { servicePart, type ServiceName } from '../../start/services.ts';
import { StartError } from '../../start/start-error.ts';
import { Supervisor, type Part } from '../../start/supervisor.ts';

export interface BenchSystem {
  readonly servers: Servers;
  readonly system: RunningSystem;
  /** Process numbers of services and servers, by name. */
  readonly pids: ReadonlyMap<string, number>;
}

/** What would make it another system than `npm start` brings by itself. */
const OWN = /^(NATS_URL|(WRITE|READ)_DATABASE_URL|EVENT_LOG_URL|\w+_(PORT|API_KEYS|PASSWORD)|HOST|CLIENTELE_(DATA_DIR|CONFIG)|LANES)$/;

/**
 * Runs work on a system of its own: the servers and services that `npm start` brings, in a temporary folder and on free ports.
 * @throws StartError
 */
export async function withSystem<T>(services: readonly ServiceName[], profiles: string | null, work: (system: BenchSystem) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'clientele-bench-'));
  onExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
  if (profiles !== null) mkdirSync(profiles, { recursive: true });
  const env = await environment(folder, profiles);
  const folders = openFolders(env);
  const servers = await chooseServers(folders, env, () => {});
  const pids = new Map<string, number>();
  const running: Supervisor[] = [];
  const run = async (part: Part): Promise<Supervisor> => {
    const supervisor = new Supervisor(part, {
      say: (line) => process.stderr.write(`bench: ${line}\n`),
      spawned: (name, pid) => {
        if (pids.has(name)) process.stderr.write(`bench: ${name} was started again: the figures are not worth much\n`);
        pids.set(name, pid);
      },
    });
    running.unshift(supervisor);
    await supervisor.start();
    return supervisor;
  };
  const system = systemOf(folders, env);
  try {
    for (const part of servers.parts) await run(part);
    await servers.open();
    await migrate(servers, env, new AbortController().signal);
    const started = await Promise.all(services.map(async (name) => await run(servicePart(name, folders, servers, env))));
    await untilAllReady(started, ({ part }) => addressOf(system, part.name), new AbortController().signal);
    const result = await work({ servers, system, pids });
    if (profiles !== null) for (const name of services) await keepMetrics(system.addresses[name], join(profiles, `${name}.metrics`));
    return result;
  } finally {
    // Services first, then what they stand on.
    for (const supervisor of running) await supervisor.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

async function environment(folder: string, profiles: string | null): Promise<NodeJS.ProcessEnv> {
  const [ingest, command, projector, query] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN.test(name)));
  return {
    ...kept,
    CLIENTELE_DATA_DIR: folder,
    INGEST_PORT: String(ingest), COMMAND_PORT: String(command), PROJECTOR_PORT: String(projector), QUERY_PORT: String(query),
    ...(profiles === null ? {} : { BENCH_PROFILES: resolve(profiles), NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${import.meta.resolve('./cpu-profile.js')}` }),
  };
}

function addressOf({ addresses }: RunningSystem, service: string): string {
  const address = new Map<string, string>(Object.entries(addresses)).get(service);
  if (address === undefined) throw new StartError(`${service} has no address`, 'it is no service');
  return address;
}

async function keepMetrics(address: string, file: string): Promise<void> {
  const response = await fetch(`${address}/metrics`);
  writeFileSync(file, await response.text());
}
