import { parseWritten } from '@clientele/contracts';
import pg from 'pg';
import type { Logger } from './logging.ts';

export interface PoolOptions {
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Most connections (default 4). */
  readonly max?: number;
  /** Longest that one statement may take (default 10 s). */
  readonly statementTimeoutMs?: number;
  /** Longest wait for a lock (default 3 s). */
  readonly lockTimeoutMs?: number;
  readonly logger?: Logger;
}

const CONNECT_TIMEOUT_MS = 3_000;
const IDLE_TRANSACTION_TIMEOUT_MS = 10_000;

/**
 * Connections with a bound on every wait. `json` and `jsonb` are read by `parseWritten`, so numbers keep their digits; `bigint` arrives as
 * text. A connection that breaks while idle is dropped and logged, not thrown.
 */
export function createPool(url: string, options: PoolOptions): pg.Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: options.applicationName,
    max: options.max ?? 4,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    // The client's own bound stands above the server's: it ends waits on a connection that is dead without having said so.
    query_timeout: statementTimeoutMs + 1_000,
    lock_timeout: options.lockTimeoutMs ?? 3_000,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    // Compiling a plan takes longer than any of ours runs; a wrong estimate alone can set it off.
    options: '-c jit=off',
    types: exactTypes(),
  });
  pool.on('error', (error) => options.logger?.warn({ err: error }, 'idle database connection lost'));
  // A connection that breaks between two statements of a transaction tells nobody but its own listeners, and without one the process
  // would end; the next statement on it fails all the same.
  pool.on('connect', (client) => client.on('error', (error) => options.logger?.debug({ err: error }, 'database connection broke')));
  return pool;
}

function exactTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  for (const type of [pg.types.builtins.JSON, pg.types.builtins.JSONB]) types.setTypeParser(type, parseWritten);
  return types;
}
