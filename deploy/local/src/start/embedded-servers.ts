import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, isFree, natsBinary, postgresBinaries, startNats, startPostgres } from '@clientele/testing';
import type { Folders } from './folders.ts';
import { writeJsonFile } from './json-file.ts';
import type { Secrets } from './secrets.ts';
import { StartError } from './start-error.ts';
import type { Part } from './supervisor.ts';

const POSTGRES_SETTINGS = { shared_buffers: '256MB', max_wal_size: '4GB', wal_compression: 'on', max_connections: '200' };

/** The database server that `npm start` brings along. It is told to stop cleanly when the launcher dies. */
export function embeddedPostgres(folders: Folders, secrets: Secrets): Part {
  checkMajorVersion(folders.postgres);
  const logFile = join(folders.logs, 'postgres.log');
  return {
    name: 'postgres',
    logFile,
    start: async (onSpawn) => {
      const server = await startPostgres({
        dataDir: folders.postgres, port: secrets.postgresPort, password: secrets.passwords.postgres, durable: true,
        settings: POSTGRES_SETTINGS, logFile, deathSignal: 'SIGINT', onSpawn,
      });
      return { ended: server.exited, stop: async () => await server.stop() };
    },
  };
}

export function embeddedPostgresUrl(secrets: Secrets, database: string): string {
  return `postgres://postgres:${secrets.passwords.postgres}@127.0.0.1:${secrets.postgresPort}/${database}`;
}

/** @throws StartError where no server program can be had. */
export async function embeddedNats(folders: Folders, secrets: Secrets, say: (line: string) => void): Promise<Part> {
  await natsBinary(process.env, say).catch((cause: unknown) => {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), 'NATS_SERVER_BIN=/path/to/nats-server npm start, or NATS_URL=nats://host:4222 npm start', { cause });
  });
  const logFile = join(folders.logs, 'nats.log');
  const { natsOperator, natsIngest, natsCommand, natsProjector, natsConsumer } = secrets.passwords;
  return {
    name: 'nats',
    logFile,
    start: async (onSpawn) => {
      const server = await startNats({
        dataDir: folders.nats, port: secrets.natsPort, logFile, deathSignal: 'SIGTERM', onSpawn,
        passwords: { operator: natsOperator, ingest: natsIngest, command: natsCommand, projector: natsProjector, consumer: natsConsumer },
      });
      return { ended: server.exited, stop: async () => await server.stop() };
    },
  };
}

/** Ports that were free at the first start may be taken by now: nobody but us knows them, so others do as well. */
export async function withFreePorts(file: string, secrets: Secrets): Promise<Secrets> {
  const [postgresFree, natsFree] = await Promise.all([isFree(secrets.postgresPort), isFree(secrets.natsPort)]);
  if (postgresFree && natsFree) return secrets;
  const moved: Secrets = {
    ...secrets,
    postgresPort: postgresFree ? secrets.postgresPort : await freePort(),
    natsPort: natsFree ? secrets.natsPort : await freePort(),
  };
  writeJsonFile(file, moved);
  return moved;
}

function checkMajorVersion(dataDir: string): void {
  const file = join(dataDir, 'PG_VERSION');
  if (!existsSync(file)) return;
  const kept = readFileSync(file, 'utf8').trim();
  const ours = postgresBinaries().version.split('.')[0];
  if (kept === ours) return;
  throw new StartError(`${dataDir} was written by PostgreSQL ${kept}, this one is ${ours}`,
    'npm start -- --fresh begins anew; to keep the data, dump it with the old version and restore it');
}
