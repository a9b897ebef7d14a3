import { DEFAULT_LANES, OtherLanesError, requireOwnMigrations } from '@clientele/contracts';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

export interface WriteMigrationOptions {
  /** Number of command lanes (default {@link DEFAULT_LANES}); what the log was made with stays. */
  readonly lanes?: number;
  /** A role whose password is given may log in with it. */
  readonly passwords?: { readonly command?: string | undefined; readonly logReader?: string | undefined };
  /** Folder of the migrations, where this code runs away from its package. */
  readonly folder?: string;
}

export const WRITE_ROLES = { command: 'clientele_command', logReader: 'clientele_log_reader' } as const;

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
/** Any number, the same for all who migrate this database. */
const LOCK = 7002_0001;
const ROLE_ATTEMPTS = 20;

/**
 * Brings the write database to this code's schema. Does nothing where it is there already; of several at once one works and the others
 * wait, at most a minute. `url` is the owner's.
 * @throws ForeignDatabaseError where it was made by another version of this code.
 * @throws OtherLanesError where the log was made with another number of lanes.
 */
export async function migrateWriteDatabase(url: string, options: WriteMigrationOptions = {}): Promise<void> {
  const client = new pg.Client({
    connectionString: url, application_name: 'clientele-migrate', connectionTimeoutMillis: 10_000, lock_timeout: 60_000,
    idle_in_transaction_session_timeout: 60_000, options: '-c client_min_messages=warning',
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    const migrationsFolder = options.folder ?? FOLDER;
    requireOwnMigrations('write', readMigrationFiles({ migrationsFolder }), await appliedMigrations(client));
    await migrate(drizzle(client), {
      migrationsFolder, migrationsSchema: 'clientele', migrationsTable: 'migrations',
    });
    await client.query('select clientele.maintain()');
    await settleLanes(client, options.lanes ?? DEFAULT_LANES);
    await closeToOthers(client);
    for (const name of ['command', 'logReader'] as const) {
      const password = options.passwords?.[name];
      if (password !== undefined) await letLogIn(client, WRITE_ROLES[name], password);
    }
  } finally {
    await client.end();
  }
}

/** Hashes by when the migration was made. */
async function appliedMigrations(client: pg.Client): Promise<Map<number, string>> {
  const { rows: [found] } = await client.query<{ there: boolean }>("select to_regclass('clientele.migrations') is not null as there");
  if (found?.there !== true) return new Map();
  const { rows } = await client.query<{ hash: string; made: string }>('select hash, created_at::text as made from clientele.migrations');
  return new Map(rows.map(({ hash, made }) => [Number(made), hash]));
}

/** A record's lane must never change under a log, or two owners would write its stream. */
async function settleLanes(client: pg.Client, lanes: number): Promise<void> {
  const { rows } = await client.query<{ lanes: number }>(
    'update clientele.log_head set lanes = coalesce(lanes, $1) returning lanes', [lanes],
  );
  const made = rows[0]?.lanes;
  if (made !== lanes) throw new OtherLanesError(`this log was made with ${made} lanes, not ${lanes}: set LANES=${made}`);
}

/**
 * The server's other roles may not even log in here, and functions are for those who are granted them, of later migrations too. With every
 * migration, since neither a copy of a database nor a restored one has its own grants.
 */
async function closeToOthers(client: pg.Client): Promise<void> {
  const { rows: [row] } = await client.query<{ database: string }>('select current_database() as database');
  if (row === undefined) throw new TypeError('a connection without a database');
  const database = client.escapeIdentifier(row.database);
  await client.query(`
    revoke connect, temporary on database ${database} from public;
    grant connect on database ${database} to ${Object.values(WRITE_ROLES).join(', ')};
    revoke execute on all functions in schema clientele from public;
    alter default privileges revoke execute on functions from public`);
}

/** Roles belong to the server: another database's migration may be altering the same row, which PostgreSQL answers with an error. */
async function letLogIn(client: pg.Client, role: string, password: string): Promise<void> {
  const statement = `alter role ${client.escapeIdentifier(role)} login password ${client.escapeLiteral(password)}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(statement);
      return;
    } catch (error) {
      if (attempt === ROLE_ATTEMPTS || !String(error).includes('tuple concurrently updated')) throw error;
    }
  }
}
