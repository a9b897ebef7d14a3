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
export function createPool(url: string, options: PoolOptions): ServicePool {
  const statementTimeoutMs = options.statementTimeoutMs ?? 10_000;
  const pool = new ServicePool({
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

/** A pool whose server can be given up. */
export class ServicePool extends pg.Pool {
  readonly #open = new Set<pg.Client>();

  constructor(config: pg.PoolConfig) {
    super(config);
    this.on('connect', (client) => {
      if (client instanceof pg.Client) this.#open.add(client);
    });
    this.on('remove', (client) => {
      if (client instanceof pg.Client) this.#open.delete(client);
    });
  }

  /** Fails what waits for the server, and whatever is asked of it from here on; at once, but for connections that are being made. */
  giveUp(): void {
    if (!this.ending) void this.end();
    for (const client of this.#open) void client.end();
  }
}

/** With the making of a connection, which is not broken off, within the 10 s that a service has to stop. */
const ANSWER_WITHIN_MS = 5_000;

/**
 * Ends pools once the work that needs them has ended. A server that keeps it from ending, as one that is frozen would, is given up after
 * `withinMs`: what it was asked for is then for whoever comes next to find out, as after a crash.
 * @throws what the work threw
 */
export async function endPools(pools: readonly ServicePool[], work: Promise<unknown>, withinMs = ANSWER_WITHIN_MS): Promise<void> {
  const timer = setTimeout(() => {
    for (const pool of pools) pool.giveUp();
  }, withinMs);
  try {
    await work;
    await Promise.all(pools.map(async (pool) => {
      if (!pool.ending) await pool.end();
    }));
  } finally {
    clearTimeout(timer);
  }
}

function exactTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  for (const type of [pg.types.builtins.JSON, pg.types.builtins.JSONB]) types.setTypeParser(type, parseWritten);
  return types;
}
