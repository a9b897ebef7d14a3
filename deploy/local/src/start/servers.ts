import { embeddedNats, embeddedPostgres, embeddedPostgresUrl, withFreePorts } from './embedded-servers.ts';
import { openBroker } from './existing-broker.ts';
import { openDatabase, openEventLog, requireTwoDatabases } from './existing-databases.ts';
import type { Folders } from './folders.ts';
import { openSecrets, type Secrets } from './secrets.ts';
import { eachUrl, requireUrls, withoutPassword } from './server-urls.ts';
import type { Part } from './supervisor.ts';

export type BrokerUser = 'operator' | 'ingest' | 'command' | 'projector' | 'consumer';
export type DatabaseRole = 'command' | 'logReader' | 'projector' | 'query';

/** Where the databases and the broker are, for whom. */
export interface Servers {
  /** Those that are ours to run. */
  readonly parts: readonly Part[];
  /** For the migrations: users that may create schemas, roles and streams. */
  readonly writeOwnerUrl: string;
  readonly readOwnerUrl: string;
  natsUrl(user: BrokerUser): string;
  /** The database that belongs to the role, as the role. */
  databaseUrl(role: DatabaseRole): string;
  readonly rolePasswords: Readonly<Record<DatabaseRole, string>>;
  /** Name and address of each, without passwords. */
  readonly addresses: readonly (readonly [name: string, address: string])[];
  /** Waits until the databases and the broker answer, and creates databases that are missing. @throws StartError */
  open(): Promise<void>;
  /** After the migration: makes sure that the event log can be read where it is to be read. @throws StartError */
  openEventLog(): Promise<void>;
}

const ROLE_NAMES: Record<DatabaseRole, string> = {
  command: 'clientele_command', logReader: 'clientele_log_reader', projector: 'clientele_projector', query: 'clientele_query',
};

/** Embedded servers, save where `NATS_URL`, `WRITE_DATABASE_URL` or `READ_DATABASE_URL` name others. @throws StartError where those cannot be. */
export async function chooseServers(folders: Folders, env: NodeJS.ProcessEnv, say: (line: string) => void): Promise<Servers> {
  const secrets = await withFreePorts(folders.secrets, await openSecrets(folders.secrets));
  const given = { nats: variable(env, 'NATS_URL'), write: variable(env, 'WRITE_DATABASE_URL'), read: variable(env, 'READ_DATABASE_URL') };
  const givenEventLog = variable(env, 'EVENT_LOG_URL');
  if (given.nats !== undefined) requireUrls('NATS_URL', given.nats, 'nats://user:password@host:4222');
  for (const [name, url] of [['WRITE_DATABASE_URL', given.write], ['READ_DATABASE_URL', given.read], ['EVENT_LOG_URL', givenEventLog]] as const) {
    if (url !== undefined) requireUrls(name, url, 'postgres://user:password@host:5432/database');
  }
  const needsPostgres = given.write === undefined || given.read === undefined;
  const parts = [
    ...(needsPostgres ? [embeddedPostgres(folders, secrets)] : []),
    ...(given.nats === undefined ? [await embeddedNats(folders, secrets, say)] : []),
  ];
  const writeOwnerUrl = given.write ?? embeddedPostgresUrl(secrets, 'clientele_write');
  const readOwnerUrl = given.read ?? embeddedPostgresUrl(secrets, 'clientele_read');
  const rolePasswords = passwordsOfRoles(secrets, env);
  const databaseUrl = (role: DatabaseRole): string => {
    if (role === 'logReader' && givenEventLog !== undefined) return givenEventLog;
    return asUser(role === 'command' || role === 'logReader' ? writeOwnerUrl : readOwnerUrl, ROLE_NAMES[role], rolePasswords[role]);
  };
  const natsUrl = (user: BrokerUser): string => given.nats === undefined ? embeddedNatsUrl(secrets, user) : existingNatsUrl(given.nats, user, env);
  return {
    parts,
    writeOwnerUrl,
    readOwnerUrl,
    rolePasswords,
    natsUrl,
    databaseUrl,
    addresses: [
      ['write database', `${withoutPassword(writeOwnerUrl)}${given.write === undefined ? ' (embedded)' : ''}`],
      ['read database', `${withoutPassword(readOwnerUrl)}${given.read === undefined ? ' (embedded)' : ''}`],
      ['broker', `${withoutPassword(natsUrl('operator'))}${given.nats === undefined ? ' (embedded)' : ''}`],
    ],
    open: async () => {
      await openDatabase('WRITE_DATABASE_URL', writeOwnerUrl);
      await openDatabase('READ_DATABASE_URL', readOwnerUrl);
      await requireTwoDatabases(writeOwnerUrl, readOwnerUrl);
      await openBroker(natsUrl('operator'));
    },
    openEventLog: async () => {
      if (givenEventLog !== undefined) await openEventLog(givenEventLog);
    },
  };
}

function passwordsOfRoles({ passwords }: Secrets, env: NodeJS.ProcessEnv): Record<DatabaseRole, string> {
  return {
    command: variable(env, 'COMMAND_DB_PASSWORD') ?? passwords.commandRole,
    logReader: variable(env, 'LOG_READER_DB_PASSWORD') ?? passwords.logReaderRole,
    projector: variable(env, 'PROJECTOR_DB_PASSWORD') ?? passwords.projectorRole,
    query: variable(env, 'QUERY_DB_PASSWORD') ?? passwords.queryRole,
  };
}

function embeddedNatsUrl({ passwords, natsPort }: Secrets, user: BrokerUser): string {
  const password = {
    operator: passwords.natsOperator, ingest: passwords.natsIngest, command: passwords.natsCommand,
    projector: passwords.natsProjector, consumer: passwords.natsConsumer,
  }[user];
  return `nats://${user}:${password}@127.0.0.1:${natsPort}`;
}

/** A broker that is not ours knows our users only where their passwords are given. */
function existingNatsUrl(url: string, user: BrokerUser, env: NodeJS.ProcessEnv): string {
  const password = variable(env, `${user.toUpperCase()}_PASSWORD`);
  return password === undefined ? url : asUser(url, user, password);
}

function asUser(url: string, user: string, password: string): string {
  return eachUrl(url, (changed) => {
    changed.username = user;
    changed.password = password;
  });
}

function variable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
