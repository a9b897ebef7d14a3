import { listedKeys } from '@clientele/service-kit';
import { isDemoOrgs, type DemoOrg } from './demo-orgs.ts';
import type { Folders } from './folders.ts';
import { openFolders } from './folders.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { SERVICE_NAMES, servicePorts, type ServiceName } from './services.ts';

/** Where a running system answers, and the keys that open it. */
export interface RunningSystem {
  readonly addresses: Readonly<Record<ServiceName, string>>;
  readonly keys: Readonly<{ ingest: string; query: string; admin: string }>;
  readonly logs: string;
  /** For a look behind the services: the published views, and the broker as the projector. Null where not known. */
  readonly eventLogUrl: string | null;
  readonly brokerUrl: string | null;
  /** The orgs of `npm run demo` that it can read from; none where it runs by a configuration of the user's own. */
  readonly demoOrgs: readonly DemoOrg[];
}

const DEVELOPMENT_KEYS = { ingest: 'dev-ingest-key', query: 'dev-query-key', admin: 'dev-admin-key' } as const;

/** As the environment says; what `npm start` will make of it. */
export function systemOf(folders: Folders, env: NodeJS.ProcessEnv): RunningSystem {
  const ports = servicePorts(env);
  const host = env['HOST'] === undefined || ['', '0.0.0.0', '::'].includes(env['HOST']) ? '127.0.0.1' : env['HOST'];
  const address = (name: ServiceName): string => `http://${host.includes(':') ? `[${host}]` : host}:${ports[name]}`;
  return {
    addresses: { ingest: address('ingest'), command: address('command'), projector: address('projector'), query: address('query') },
    keys: {
      ingest: firstSecret(env['INGEST_API_KEYS']) ?? DEVELOPMENT_KEYS.ingest,
      query: firstSecret(env['QUERY_API_KEYS']) ?? DEVELOPMENT_KEYS.query,
      admin: firstSecret(env['ADMIN_API_KEYS']) ?? DEVELOPMENT_KEYS.admin,
    },
    logs: folders.logs,
    eventLogUrl: env['EVENT_LOG_URL'] ?? null,
    brokerUrl: env['NATS_URL'] ?? null,
    demoOrgs: [],
  };
}

export function announceSystem(folders: Folders, system: RunningSystem): void {
  writeJsonFile(folders.system, system);
}

/** What `npm start` announced, else what the environment says. */
export function findSystem(env: NodeJS.ProcessEnv): RunningSystem {
  const folders = openFolders(env);
  const announced = readJsonFile(folders.system);
  return isSystem(announced) ? announced : systemOf(folders, env);
}

function firstSecret(keys: string | undefined): string | undefined {
  return listedKeys(keys ?? '')[0]?.secret;
}

function isSystem(value: unknown): value is RunningSystem {
  if (typeof value !== 'object' || value === null || !('addresses' in value) || !('keys' in value) || !('logs' in value)) return false;
  return hasTexts(value.addresses, SERVICE_NAMES) && hasTexts(value.keys, ['ingest', 'query', 'admin']) && typeof value.logs === 'string'
    && 'eventLogUrl' in value && isTextOrNull(value.eventLogUrl) && 'brokerUrl' in value && isTextOrNull(value.brokerUrl)
    && 'demoOrgs' in value && isDemoOrgs(value.demoOrgs);
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const texts = new Map<string, unknown>(Object.entries(value));
  return names.every((name) => typeof texts.get(name) === 'string');
}
