import { fileURLToPath } from 'node:url';
import { requireOwnMigrations } from '@clientele/contracts';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import pg from 'pg';
import { grantRoles, type ReadDatabasePasswords } from './roles.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
/** One migration of this database at a time, whoever starts it. */
const LOCK = 7_031_001;

export interface MigrateOptions {
  readonly passwords?: ReadDatabasePasswords;
  /** Where the migrations lie; by default beside this package. */
  readonly migrationsFolder?: string;
  /** How long to wait for another migration to finish, milliseconds (default 60,000). */
  readonly lockTimeoutMs?: number;
}

/**
 * Brings the read database to this code's schema and (re)makes the roles `clientele_projector` (writes) and `clientele_query` (reads the
 * published views). Safe to repeat, and to run by several at once. `url` names an owner of the database who may create roles.
 * @throws ForeignDatabaseError where it was made by another version of this code.
 */
export async function migrateReadDatabase(url: string, options: MigrateOptions = {}): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'clientele-migrate-read',
    connectionTimeoutMillis: 10_000,
    lock_timeout: options.lockTimeoutMs ?? 60_000,
    statement_timeout: 600_000,
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    const migrationsFolder = options.migrationsFolder ?? MIGRATIONS;
    requireOwnMigrations('read', readMigrationFiles({ migrationsFolder }), await appliedMigrations(client));
    await migrate(drizzle(client), { migrationsFolder, migrationsSchema: 'migrations', migrationsTable: 'read_model' });
    await grantRoles(client, options.passwords ?? {});
  } finally {
    // Ends the session and with it the lock.
    await client.end();
  }
}

/** Hashes by when the migration was made. */
async function appliedMigrations(client: pg.Client): Promise<Map<number, string>> {
  const { rows: [found] } = await client.query<{ there: boolean }>("select to_regclass('migrations.read_model') is not null as there");
  if (found?.there !== true) return new Map();
  const { rows } = await client.query<{ hash: string; made: string }>('select hash, created_at::text as made from migrations.read_model');
  return new Map(rows.map(({ hash, made }) => [Number(made), hash]));
}
