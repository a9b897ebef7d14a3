import { join } from 'node:path';
import { MISCONFIGURED } from '@clientele/service-kit';
import { endingOf, endProcess, spawnOwned, workspaceRoot } from '@clientele/testing';
import { credentialNames } from './credential-names.ts';
import type { Folders } from './folders.ts';
import type { Servers } from './servers.ts';
import { StartError } from './start-error.ts';
import type { Part } from './supervisor.ts';

export const SERVICE_NAMES = ['ingest', 'command', 'projector', 'query'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

const DEFAULT_PORTS: Record<ServiceName, number> = { ingest: 7001, command: 7002, projector: 7003, query: 7004 };
/** The service's own bound is 10 s. */
const STOP_GRACE_MS = 12_000;
/** Each part gets its own of these and none of the others'. */
const CONNECTIONS = [
  'NATS_URL', 'WRITE_DATABASE_URL', 'READ_DATABASE_URL', 'EVENT_LOG_URL',
  'OPERATOR_PASSWORD', 'INGEST_PASSWORD', 'COMMAND_PASSWORD', 'PROJECTOR_PASSWORD', 'CONSUMER_PASSWORD',
  'COMMAND_DB_PASSWORD', 'LOG_READER_DB_PASSWORD', 'PROJECTOR_DB_PASSWORD', 'QUERY_DB_PASSWORD',
  'INGEST_API_KEYS', 'QUERY_API_KEYS', 'ADMIN_API_KEYS',
];
/** The keys that a service lets in, and those that it is let in with; it is told of no others. */
const KEYS: Record<ServiceName, readonly string[]> = {
  ingest: ['INGEST_API_KEYS'], command: ['ADMIN_API_KEYS'], projector: ['ADMIN_API_KEYS'], query: ['QUERY_API_KEYS', 'ADMIN_API_KEYS'],
};

/** @throws StartError naming the variable that holds no port, or another's. */
export function servicePorts(env: NodeJS.ProcessEnv): Record<ServiceName, number> {
  const port = (name: ServiceName): number => {
    const given = env[portVariable(name)];
    if (given === undefined || given === '') return DEFAULT_PORTS[name];
    const value = Number(given);
    if (Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
    throw new StartError(`${portVariable(name)} is ${JSON.stringify(given)}, which is no port`, 'a number from 1 to 65535');
  };
  const ports = { ingest: port('ingest'), command: port('command'), projector: port('projector'), query: port('query') };
  for (const name of SERVICE_NAMES) {
    const other = SERVICE_NAMES.find((candidate) => candidate !== name && ports[candidate] === ports[name]);
    if (other !== undefined) throw new StartError(`${portVariable(name)} and ${portVariable(other)} are both ${ports[name]}`, 'each service needs a port of its own');
  }
  return ports;
}

export function portVariable(name: ServiceName): string {
  return `${name.toUpperCase()}_PORT`;
}

/**
 * A service lives on 40 to 60 MB. V8 lets a heap grow by a factor that follows from its limit: from the default one, of gigabytes, to four
 * times what lives before it collects; from this one to less than one and a half.
 */
const NODE_FLAGS = ['--enable-source-maps', '--max-old-space-size=384'];
/** A quarter of V8's own nursery: 186 MiB at most over 200,000 changes instead of 215 with half of it, at the same rate. */
const FLAGS_OF: Readonly<Partial<Record<ServiceName, readonly string[]>>> = { command: ['--max-semi-space-size=4'] };
/** The C library keeps free memory by arenas, of which it would make several for each core. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2' };

/** The process of one service, with its own broker user and database role. */
export function servicePart(name: ServiceName, folders: Folders, servers: Servers, env: NodeJS.ProcessEnv): Part {
  const logFile = join(folders.logs, `${name}.log`);
  return {
    name,
    logFile,
    misconfigured: `exit code ${MISCONFIGURED}`,
    start: async (spawned) => {
      const child = spawnOwned(process.execPath, [...NODE_FLAGS, ...(FLAGS_OF[name] ?? []), entryOf(name, 'main')], {
        env: { ...ALLOCATOR, ...commonEnvironment(env), ...secretsOf(name, env), ...connectionsOf(name, servers) }, logFile, deathSignal: 'SIGTERM',
      });
      if (child.pid !== undefined) spawned(child.pid);
      return await Promise.resolve({ ended: endingOf(child), stop: async () => await endProcess(child, 'SIGTERM', STOP_GRACE_MS) });
    },
  };
}

/** What every part may know of the launcher's environment; development, unless something else is asked for. */
export function commonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const credentials = credentialNames(env);
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !CONNECTIONS.includes(name) && !credentials.has(name)));
  return { NODE_ENV: 'development', QUERY_PUBLIC_URL: `http://127.0.0.1:${servicePorts(env).query}`, ...kept };
}

export function entryOf(service: ServiceName, program: string): string {
  return join(workspaceRoot, 'services', service, 'dist', 'src', `${program}.js`);
}

/** The keys of a service, and, for the one that reads from providers, the credentials of their sources. */
export function secretsOf(name: ServiceName, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [...KEYS[name], ...(name === 'command' ? credentialNames(env) : [])];
  return Object.fromEntries(names.flatMap((variable) => (env[variable] === undefined ? [] : [[variable, env[variable]]])));
}

function connectionsOf(name: ServiceName, servers: Servers): Record<string, string> {
  switch (name) {
    case 'ingest':
      return { NATS_URL: servers.natsUrl('ingest') };
    case 'command':
      return { NATS_URL: servers.natsUrl('command'), WRITE_DATABASE_URL: servers.databaseUrl('command') };
    case 'projector':
      return { NATS_URL: servers.natsUrl('projector'), READ_DATABASE_URL: servers.databaseUrl('projector'), EVENT_LOG_URL: servers.databaseUrl('logReader') };
    case 'query':
      return { READ_DATABASE_URL: servers.databaseUrl('query'), EVENT_LOG_URL: servers.databaseUrl('logReader') };
  }
}
