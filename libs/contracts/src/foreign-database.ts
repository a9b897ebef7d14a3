/** A migration that was applied to a database is not the one that this code has: nobody knows what its schema is. */
export class ForeignDatabaseError extends Error {
  override readonly name = 'ForeignDatabaseError';
}

/** A migration of this code, as Drizzle reads it. */
interface OwnMigration {
  /** When it was made, milliseconds since 1970: what Drizzle knows it by. */
  readonly folderMillis: number;
  readonly hash: string;
}

/**
 * Compares what was applied to a database with the migrations of this code, by the hashes that Drizzle keeps but never reads again. A
 * database of a newer version, which has all of ours, passes.
 * @param applied hashes by when the migration was made.
 * @throws ForeignDatabaseError where one of ours differs from the applied one, or was passed over.
 */
export function requireOwnMigrations(database: 'write' | 'read', own: readonly OwnMigration[], applied: ReadonlyMap<number, string>): void {
  const newest = Math.max(...applied.keys());
  const differing = own.findIndex(({ folderMillis, hash }) => folderMillis <= newest && applied.get(folderMillis) !== hash);
  if (differing === -1) return;
  throw new ForeignDatabaseError(
    `migration ${String(differing).padStart(4, '0')} of the ${database} database differs from the applied one: the database was made by another `
    + 'version of this code. Run that version, or begin a development database anew: npm start -- --fresh',
  );
}
