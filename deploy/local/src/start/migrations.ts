import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { MISCONFIGURED } from '@clientele/service-kit';
import type { Servers } from './servers.ts';
import { commonEnvironment, entryOf, type ServiceName } from './services.ts';
import { StartError } from './start-error.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 300_000;

/** Brings both databases and the broker's streams to what this version of the code needs. */
export async function migrate(servers: Servers, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const { command, logReader, projector, query } = servers.rolePasswords;
  await Promise.all([
    migrateBy('command', env, signal, {
      WRITE_DATABASE_URL: servers.writeOwnerUrl, NATS_URL: servers.natsUrl('operator'), COMMAND_DB_PASSWORD: command, LOG_READER_DB_PASSWORD: logReader,
    }),
    migrateBy('projector', env, signal, { READ_DATABASE_URL: servers.readOwnerUrl, PROJECTOR_DB_PASSWORD: projector, QUERY_DB_PASSWORD: query }),
  ]);
}

async function migrateBy(service: ServiceName, env: NodeJS.ProcessEnv, signal: AbortSignal, own: Record<string, string>): Promise<void> {
  try {
    await run(process.execPath, ['--enable-source-maps', entryOf(service, 'migrate')], { env: { ...commonEnvironment(env), ...own }, timeout: TIMEOUT_MS, signal });
  } catch (cause) {
    if (signal.aborted) return;
    const output = cause instanceof Error && 'stderr' in cause && 'stdout' in cause ? `${String(cause.stdout)}${String(cause.stderr)}`.trim() : String(cause);
    const isMisconfigured = cause instanceof Error && 'code' in cause && cause.code === MISCONFIGURED;
    throw new StartError(`the migration of ${service} failed:\n${output}`, isMisconfigured ? 'correct the settings that the lines above name' : 'mend what the lines above name', { cause });
  }
}
