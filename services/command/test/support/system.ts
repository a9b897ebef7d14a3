import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { commandLanes, laneSubject, type Command, type LaneName } from '@clientele/contracts';
import { migrateWriteDatabase } from '@clientele/event-store';
import { connectNats, ensureTopology, JetStreamDispatcher, type NatsLink } from '@clientele/messaging';
import {
  eventually, freePort, spawnService, startNats, startPostgres, type NatsServer, type PostgresServer, type SpawnedService,
} from '@clientele/testing';
import pg from 'pg';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const ADMIN_KEY = 'admin-secret';

export interface CommandProcess extends SpawnedService {
  readonly port: number;
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>;
  post(path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Lanes that it owns, by its own metrics. */
  lanes(): Promise<string[]>;
}

export interface Accounting {
  readonly accepted: number;
  readonly lost: number;
  readonly repeats: number;
  readonly unaccounted: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface StoredEventRow {
  readonly position: number;
  readonly stream_id: string;
  readonly version: number;
  readonly type: string;
  readonly change_id: string;
  readonly external_id: string;
}

/** A write database and a broker of a test's own, with command processes on them. */
export class TestSystem {
  readonly postgres: PostgresServer;
  readonly nats: NatsServer;
  readonly ownerUrl: string;
  readonly db: pg.Pool;
  readonly link: NatsLink;
  readonly dispatcher: JetStreamDispatcher;
  isStopped = false;
  readonly #processes: SpawnedService[] = [];

  constructor(parts: { postgres: PostgresServer; nats: NatsServer; ownerUrl: string; link: NatsLink }) {
    this.postgres = parts.postgres;
    this.nats = parts.nats;
    this.ownerUrl = parts.ownerUrl;
    this.link = parts.link;
    this.db = new pg.Pool({ connectionString: parts.ownerUrl, max: 4 });
    this.db.on('error', () => {}); // tests kill the server
    this.dispatcher = new JetStreamDispatcher({ link: parts.link, deadlineMs: 20_000 });
  }

  /** Starts a command process and waits until it is ready. */
  async startCommand(env: Record<string, string> = {}): Promise<CommandProcess> {
    const process = await this.spawnCommand(env);
    await eventually('the command service is ready', async () => {
      const { status, body } = await process.get('/health/ready');
      return status === 200 ? true : body;
    }, { until: (ready) => ready === true, timeoutMs: 30_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${process.output()}`);
    });
    return process;
  }

  async spawnCommand(env: Record<string, string> = {}): Promise<CommandProcess> {
    const port = await freePort();
    const service = await spawnService(MAIN, {
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      COMMAND_PORT: String(port),
      WRITE_DATABASE_URL: this.commandUrl,
      NATS_URL: this.nats.urlFor('command'),
      ADMIN_API_KEYS: `admin:${ADMIN_KEY}`,
      COMMAND_LEASE_MS: '1500',
      // What nobody asks for would read beside what a test is about.
      LOAD_ON_CONNECT: 'false',
      SAMPLE_EVERY_MINUTES: '0',
      COMPARE_EVERY_HOURS: '0',
      FEED_LOOK_SECONDS: '0',
      ...env,
    });
    this.#processes.push(service);
    const get: CommandProcess['get'] = async (path, headers = { 'x-api-key': ADMIN_KEY }) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(5000) });
      const text = await response.text();
      return { status: response.status, body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text };
    };
    const post: CommandProcess['post'] = async (path, body = {}) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST', headers: { 'x-api-key': ADMIN_KEY, 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(5000),
      });
      return { status: response.status, body: JSON.parse(await response.text()) };
    };
    const lanes = async (): Promise<string[]> => {
      const { body } = await get('/metrics');
      return [...String(body).matchAll(/clientele_lane_held\{[^}]*lane="([^"]+)"[^}]*\} 1/g)].map(([, lane]) => lane ?? '').sort();
    };
    return { ...service, port, get, post, lanes };
  }

  get commandUrl(): string {
    const url = new URL(this.ownerUrl);
    url.username = 'clientele_command';
    url.password = 'commandPassword';
    return url.href;
  }

  async send(...commands: Command[]): Promise<void> {
    await this.dispatcher.dispatch(commands);
  }

  /** Puts a message on a lane past the dispatcher. */
  async publish(lane: LaneName, data: Uint8Array): Promise<void> {
    await this.link.nats.jetstream().publish(laneSubject(lane), data);
  }

  async accounting(): Promise<Accounting> {
    const { rows } = await this.db.query<Record<keyof Accounting, string> & { outcomes: Record<string, number> }>(
      'select accepted, lost, repeats, unaccounted, outcomes from published.accounting where source is null',
    );
    const { accepted = 0, lost = 0, repeats = 0, unaccounted = 0, outcomes = {} } = rows[0] ?? {};
    return { accepted: Number(accepted), lost: Number(lost), repeats: Number(repeats), unaccounted: Number(unaccounted), outcomes };
  }

  /** Waits until so many changes are accounted for, and nothing is unaccounted. */
  async accounted(changes: number, options: { timeoutMs?: number } = {}): Promise<Accounting> {
    return await eventually(`${changes} changes are accounted for`, () => this.accounting(), {
      timeoutMs: options.timeoutMs ?? 30_000,
      until: ({ accepted, lost, unaccounted }) => accepted - lost >= changes && unaccounted === lost,
    });
  }

  async events(): Promise<StoredEventRow[]> {
    const { rows } = await this.db.query<StoredEventRow>(
      `select position::int, stream_id, version::int, type, metadata->>'changeId' as change_id, metadata->>'externalId' as external_id
         from clientele.events where kind = 'event' order by position`,
    );
    return rows;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const process of this.#processes) process.kill('SIGKILL');
    await Promise.all(this.#processes.map(({ exited }) => exited));
    await this.dispatcher.close();
    await this.link.close();
    await this.db.end();
    await this.nats.stop();
  }
}

export interface TestSystemOptions {
  /** Leaves in the database what was there before this code came. */
  readonly before?: (ownerUrl: string) => Promise<void>;
}

/** A system for one test, on a Postgres server that many share. It ends with the test. */
export async function testSystem(t: Test, postgres: PostgresServer, { before }: TestSystemOptions = {}): Promise<TestSystem> {
  const [nats, ownerUrl] = await Promise.all([startNats({ syncAlways: false }), before === undefined ? postgres.createDatabase(undefined, MIGRATED) : postgres.createDatabase()]);
  if (before !== undefined) {
    await before(ownerUrl);
    await migrateWriteDatabase(ownerUrl, MIGRATION);
  }
  await ensureTopology(nats.url);
  const system = new TestSystem({ postgres, nats, ownerUrl, link: await connectNats({ url: nats.url, name: 'test' }) });
  t.teardown(() => system.stop());
  return system;
}

const MIGRATED = 'migrated';
const MIGRATION = { passwords: { command: 'commandPassword' } };

/** A server for a test file, with a migrated database that those of its systems are copied from: a fifth of what migrating each takes. */
export async function sharedPostgres(t: Test): Promise<PostgresServer> {
  const postgres = await startPostgres();
  t.teardown(() => postgres.stop());
  await migrateWriteDatabase(await postgres.createDatabase(MIGRATED), MIGRATION);
  return postgres;
}

/** The command lanes of the default number. */
export const LANES: readonly LaneName[] = commandLanes(4);
