import { migrateReadDatabase, VIEWS_CHANNEL } from '@clientele/read-model';
import { startPostgres, type PostgresServer } from '@clientele/testing';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';

const LOG_MIGRATIONS = new URL('../../../../../libs/event-store/migrations/', import.meta.url);
const PASSWORD = 'of-this-test';

/** Both databases with the schema that production has; the service gets in by its own roles, the test as superuser. */
export interface Databases {
  readonly server: PostgresServer;
  readonly read: pg.Pool;
  readonly log: pg.Pool;
  readonly readUrl: string;
  readonly logUrl: string;
  stop(): Promise<void>;
}

export async function startDatabases(): Promise<Databases> {
  const server = await startPostgres();
  const [readOwner, logOwner] = [await server.createDatabase('read'), await server.createDatabase('log')];
  await migrateReadDatabase(readOwner, { passwords: { query: PASSWORD } });
  const pools = [readOwner, logOwner].map((connectionString) => new pg.Pool({ connectionString, max: 3 }));
  // A server that is killed in a test takes idle connections with it.
  for (const pool of pools) pool.on('error', () => {});
  const [read, log] = pools as [pg.Pool, pg.Pool];
  for (const file of readdirSync(LOG_MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .sort()) {
    for (const statement of readFileSync(new URL(file, LOG_MIGRATIONS), 'utf8').split('--> statement-breakpoint'))
      await log.query(statement);
  }
  await log.query(`alter role clientele_log_reader login password '${PASSWORD}'; grant connect on database log to clientele_log_reader`);
  await log.query('select clientele.ensure_event_partitions(1)');
  return {
    server,
    read,
    log,
    readUrl: roleUrl(readOwner, 'clientele_query'),
    logUrl: roleUrl(logOwner, 'clientele_log_reader'),
    stop: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await server.stop();
    },
  };
}

function roleUrl(url: string, role: string): string {
  const as = new URL(url);
  as.username = role;
  as.password = PASSWORD;
  return as.href;
}

/** Moves the views as the projector does: checkpoint first, then word of it. */
export async function advance(read: pg.Pool, position: number, tell = true): Promise<void> {
  await read.query(
    `insert into clientele.projection_checkpoints (name, version, incarnation, position)
     values ('records', 2, 'log', $1), ('changes', 1, 'log', $1)
     on conflict (name, version) do update set position = excluded.position`,
    [position],
  );
  if (tell)
    await read.query('select pg_notify($1, $2)', [VIEWS_CHANNEL, JSON.stringify({ records: String(position), changes: String(position) })]);
}
