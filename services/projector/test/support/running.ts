import { fileURLToPath } from 'node:url';
import type { LogEntry } from '@clientele/contracts';
import { migrateWriteDatabase, PostgresEventStore, type CommitUnit } from '@clientele/event-store';
import { connectNats, ensureTopology, EventPipeline, EventStream, toEventMessage, type NatsLink } from '@clientele/messaging';
import { createPool } from '@clientele/service-kit';
import { eventually, freePort, spawnService, startNats, startPostgres, type NatsServer, type PostgresServer, type SpawnedService } from '@clientele/testing';
import type pg from 'pg';
import { ReadDatabase } from './projecting.ts';

const KEY = 'dev-admin-key';

/** Real servers, a log to append to, and a hand that relays it to the stream. */
export class World {
  readonly postgres: PostgresServer;
  readonly nats: NatsServer;
  readonly store: PostgresEventStore;
  readonly link: NatsLink;
  readonly logPool: pg.Pool;
  /** The log's database, as the service's role. */
  readonly logUrl: string;
  readonly #databases: ReadDatabase[] = [];
  #migrated: Promise<string> | undefined;

  private constructor(parts: { postgres: PostgresServer; nats: NatsServer; logUrl: string; link: NatsLink }) {
    this.postgres = parts.postgres;
    this.nats = parts.nats;
    this.link = parts.link;
    this.logUrl = as(parts.logUrl, 'clientele_log_reader', 'logReaderPassword');
    this.logPool = createPool(parts.logUrl, { applicationName: 'test-log' });
    this.store = new PostgresEventStore({ pool: this.logPool });
  }

  static async start(): Promise<World> {
    const [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
    const logUrl = await postgres.createDatabase();
    await Promise.all([migrateWriteDatabase(logUrl, { passwords: { logReader: 'logReaderPassword' } }), ensureTopology(nats.url)]);
    return new World({ postgres, nats, logUrl, link: await connectNats({ url: nats.url, name: 'test' }) });
  }

  async stop(): Promise<void> {
    await this.link.close();
    await Promise.all([this.logPool.end(), ...this.#databases.map(({ pool }) => pool.end())]);
    await Promise.all([this.postgres.stop(), this.nats.stop()]);
  }

  /** A read database, migrated by the service's own entry: the first one, which the others are copied from. */
  async readDatabase(): Promise<ReadDatabase> {
    this.#migrated ??= this.#migrate();
    const database = await ReadDatabase.create(this.postgres, await this.postgres.createDatabase(undefined, await this.#migrated));
    this.#databases.push(database);
    return database;
  }

  async #migrate(): Promise<string> {
    const name = 'migrated';
    const migration = await spawnService(entry('migrate'), {
      NODE_ENV: 'test', READ_DATABASE_URL: await this.postgres.createDatabase(name), PROJECTOR_DB_PASSWORD: 'projectorPassword',
    });
    if ((await migration.exited) !== 0) throw new Error(migration.output());
    return name;
  }

  /** Appends entries as the command service would; they get the log's own positions and times. */
  async append(entries: readonly LogEntry[]): Promise<void> {
    for (const one of entries) {
      const [result] = await this.store.commit([unitOf(one)]);
      if (result?.status !== 'committed') throw new Error(JSON.stringify(result));
    }
  }

  /** Publishes the log's entries behind `after`, as the relay would; by default behind what the stream ends with. */
  async relay(after?: number): Promise<number> {
    const state = await new EventStream(this.link).state();
    const { incarnation } = await this.store.head();
    const pipeline = new EventPipeline({ link: this.link, lastSequence: state?.lastSequence ?? 0, rebuildEpoch: state?.lastSequence ?? 0 });
    const entries = await this.store.readAll(after ?? state?.last?.position ?? 0, 100_000);
    await pipeline.send(entries.map((one) => toEventMessage(one, { incarnation, maxPayload: this.link.maxPayload, dataref: (position) => `http://x/${position}` })));
    await pipeline.drain();
    if (pipeline.failure !== null) throw new Error(pipeline.failure.reason);
    return entries.at(-1)?.position ?? 0;
  }

  /** Starts the service on a read database, with the rights it has in production; fed by the stream, unless `env` says otherwise. */
  async projector(database: ReadDatabase, env: Readonly<Record<string, string>> = {}): Promise<RunningProjector> {
    const port = await freePort();
    const service = await spawnService(entry('main'), {
      NODE_ENV: 'test', LOG_LEVEL: 'info', PROJECTOR_PORT: String(port), PROJECTOR_LEASE_MS: '1500',
      READ_DATABASE_URL: as(database.url, 'clientele_projector', 'projectorPassword'),
      EVENT_LOG_URL: this.logUrl,
      PROJECTOR_FEED: 'stream', NATS_URL: this.nats.urlFor('projector'), ...env,
    });
    return { ...service, url: `http://127.0.0.1:${port}` };
  }
}

export interface RunningProjector extends SpawnedService {
  readonly url: string;
}

export async function get(projector: RunningProjector, path: string, key: string | null = KEY): Promise<{ status: number; text: string }> {
  const response = await fetch(`${projector.url}${path}`, { headers: key === null ? {} : { 'x-api-key': key } });
  return { status: response.status, text: await response.text() };
}

/** Waits until both views of a read database stand at a position. */
export async function reached(database: ReadDatabase, position: number, projector?: RunningProjector): Promise<void> {
  await eventually(`views at ${position}`, async () => ({ at: await database.positions(), log: projector?.output().split('\n').slice(-4) }), {
    until: ({ at }) => at['records'] === position && at['changes'] === position,
    timeoutMs: 20_000,
  });
}

function entry(name: string): string {
  return fileURLToPath(new URL(`../../src/${name}.js`, import.meta.url));
}

function as(url: string, user: string, password: string): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

function unitOf(one: LogEntry): CommitUnit {
  const none: CommitUnit = { writes: [], outcomes: [], ledger: [], repeats: [], mappings: [] };
  if (one.kind === 'outcome') return { ...none, outcomes: [one] };
  const { streamId, streamType, type, schemaVersion, data, metadata, occurredAt } = one;
  // Each entry alone: a command of its own, so that the second event of a change is no repeat of the first.
  return { ...none, writes: [{ streamId, streamType, expectedVersion: 'any', commandId: `${one.position}`, events: [{ type, schemaVersion, data, personal: null, metadata, occurredAt }] }] };
}
