import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { withoutPassword } from './server-urls.ts';
import { StartError } from './start-error.ts';

const PATIENCE_MS = 5_000;
const CONNECT_MS = 5_000;
const NO_SUCH_DATABASE = '3D000';
/** No such database, schema, table or column. */
const NOT_MIGRATED: ReadonlySet<string> = new Set([NO_SUCH_DATABASE, '3F000', '42P01', '42703']);

/**
 * Makes sure that the database answers, and creates it where its server has none of that name.
 * @throws StartError naming the variable.
 */
export async function openDatabase(variable: string, url: string): Promise<void> {
  await patiently(isTransient, async () => {
    await withClient(url, async () => {}).catch(async (cause: unknown) => {
      if (codeOf(cause) !== NO_SUCH_DATABASE) throw cause;
      await createDatabase(variable, url);
    });
  }).catch((cause: unknown) => {
    if (cause instanceof StartError) throw cause;
    throw new StartError(`${variable} (${withoutPassword(url)}) cannot be used: ${messageOf(cause)}`,
      `start that server or correct ${variable}; unset it for an embedded database`, { cause });
  });
}

/**
 * Makes sure that the event log can be read there, which may be a replica that has yet to hear of the migration.
 * @throws StartError naming the variable.
 */
export async function openEventLog(url: string): Promise<void> {
  const beginning = (error: unknown): boolean => isTransient(error) || NOT_MIGRATED.has(codeOf(error));
  await patiently(beginning, async () => {
    await withClient(url, async (client) => { await client.query('select from published.event_log limit 0'); });
  }).catch((cause: unknown) => {
    throw new StartError(`EVENT_LOG_URL (${withoutPassword(url)}): the event log cannot be read there: ${messageOf(cause)}`,
      'name the write database or a replica of it, as the role clientele_log_reader; unset it for the write database', { cause });
  });
}

/**
 * Both databases call their schema by one name.
 * @throws StartError where two URLs, however spelt, name one database.
 */
export async function requireTwoDatabases(writeUrl: string, readUrl: string): Promise<void> {
  const [write, read] = await Promise.all([writeUrl, readUrl].map(identityOf));
  if (write === read) throw new StartError('WRITE_DATABASE_URL and READ_DATABASE_URL name one database', 'name two; they may be on one server');
}

async function identityOf(url: string): Promise<string> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ identity: string }>(
      'select concat_ws($1, extract(epoch from pg_postmaster_start_time()), oid) as identity from pg_database where datname = current_database()', ['/'],
    );
    return rows[0]?.identity ?? '';
  });
}

async function patiently(isPassing: (error: unknown) => boolean, work: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > deadline || !isPassing(error)) throw error;
      await delay(250);
    }
  }
}

async function createDatabase(variable: string, url: string): Promise<void> {
  const { pathname } = new URL(url);
  const name = decodeURIComponent(pathname.slice(1));
  const admin = new URL(url);
  admin.pathname = '/postgres';
  try {
    await withClient(admin.href, async (client) => { await client.query(`create database ${client.escapeIdentifier(name)}`); });
  } catch (cause) {
    throw new StartError(`${variable}: there is no database ${name}, and it cannot be created: ${messageOf(cause)}`, 'create it, or let that user create databases', { cause });
  }
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS, statement_timeout: CONNECT_MS, application_name: 'clientele-start' });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** A server that is starting; everything else stays as it is. */
function isTransient(error: unknown): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', '57P03'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function messageOf(error: unknown): string {
  // Node gives an aggregate without a message when each address of a name refuses.
  return error instanceof Error && error.message !== '' ? error.message : codeOf(error);
}
