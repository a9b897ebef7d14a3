export * from './schema/index.ts';
export * from './rows/record-json.ts';
export * from './rows/change-json.ts';
export * from './rows/search-terms.ts';
export * from './rows/wake.ts';
export * from './migration/migrate-read-database.ts';
export type { ReadDatabasePasswords } from './migration/roles.ts';
