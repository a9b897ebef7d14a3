import { startPostgres, type PostgresServer } from '@clientele/testing';
import pg from 'pg';
import type { Test } from 'tap';
import { fenceLane, migrateWriteDatabase, PostgresEventStore, type PostgresEventStoreOptions } from '../src/index.ts';

const PASSWORD = 'secret';
const TEMPLATE = 'migrated';

/** One server for a test file, and a migrated database that others are copied from. */
export async function server(t: Test, settings: Record<string, string> = {}): Promise<PostgresServer> {
  const postgres = await startPostgres({ settings });
  t.teardown(async () => await postgres.stop());
  await migrateWriteDatabase(await postgres.createDatabase(TEMPLATE), { passwords: { command: PASSWORD, logReader: PASSWORD } });
  return postgres;
}

export interface WriteDatabase {
  readonly port: number;
  /** The owner's. */
  readonly url: string;
  readonly owner: pg.Pool;
  /** Connections of a role, by way of a port. */
  pool(role?: 'clientele_command' | 'clientele_log_reader', options?: pg.PoolConfig): pg.Pool;
  /** A store with connections of its own: another process, as far as the database can tell. */
  store(options?: Partial<PostgresEventStoreOptions>, pool?: pg.PoolConfig): PostgresEventStore;
  fenceLane(lane: string, epoch: number): Promise<void>;
}

/** Connections that end with the test. One that breaks while idle is not the test's concern, nor one that a server finds open as it stops. */
export function openPool(t: Test, config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('error', () => {});
  t.teardown(async () => await pool.end());
  return pool;
}

/** A migrated database that no test has used. */
export async function writeDatabase(t: Test, postgres: PostgresServer): Promise<WriteDatabase> {
  const url = await postgres.createDatabase(undefined, TEMPLATE);
  const name = new URL(url).pathname.slice(1);
  const open = (config: pg.PoolConfig): pg.Pool => openPool(t, { statement_timeout: 60_000, ...config });
  const owner = open({ connectionString: url });
  const pool: WriteDatabase['pool'] = (role = 'clientele_command', options = {}) =>
    open({ host: '127.0.0.1', port: postgres.port, database: name, user: role, password: PASSWORD, ...options });
  return {
    port: postgres.port, url, owner, pool,
    store: (options = {}, config = {}) => new PostgresEventStore({ pool: pool('clientele_command', config), ...options }),
    fenceLane: async (lane, epoch) => await fenceLane(owner, lane, epoch),
  };
}
