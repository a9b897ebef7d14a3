import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { ClientBase } from 'pg';

/** A migration that was applied to this database is not the one that this code has: nobody knows what the schema is. */
export class ForeignDatabaseError extends Error {
  override readonly name = 'ForeignDatabaseError';
}

/**
 * Compares what was applied with the migrations of this code, by the hashes that Drizzle keeps but never reads again. A database of a newer
 * version, which has all of ours, passes.
 * @throws ForeignDatabaseError where one of ours differs from the applied one, or was passed over.
 */
export async function requireOwnMigrations(client: ClientBase, migrationsFolder: string): Promise<void> {
  const { rows: [found] } = await client.query<{ there: boolean }>("select to_regclass('migrations.read_model') is not null as there");
  if (found?.there !== true) return;
  const { rows } = await client.query<{ hash: string; made: string }>('select hash, created_at::text as made from migrations.read_model');
  const applied = new Map(rows.map(({ hash, made }) => [Number(made), hash]));
  const newest = Math.max(...applied.keys());
  const differing = readMigrationFiles({ migrationsFolder })
    .findIndex(({ folderMillis, hash }) => folderMillis <= newest && applied.get(folderMillis) !== hash);
  if (differing !== -1) {
    throw new ForeignDatabaseError(
      `migration ${String(differing).padStart(4, '0')} of the read database differs from the applied one: the database was made by another `
      + 'version of this code. Run that version, or begin a development database anew: npm start -- --fresh',
    );
  }
}
