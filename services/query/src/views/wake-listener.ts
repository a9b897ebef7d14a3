import { setTimeout as delay } from 'node:timers/promises';
import { parseWake, VIEWS_CHANNEL, type ViewPositions } from '@clientele/read-model';
import type { Logger } from '@clientele/service-kit';
import pg from 'pg';

export interface WakeListenerOptions {
  /** Of the read database, for a connection of its own. */
  readonly url: string;
  readonly logger: Logger;
  readonly onPositions: (positions: ViewPositions) => void;
}

const CONNECT_WITHIN_MS = 3_000;
const RECONNECT_AFTER_MS = 1_000;
const END_WITHIN_MS = 1_000;

/** Hears from the projector how far the views have come, after each of its commits; connects again whenever its connection is lost. */
export class WakeListener {
  readonly #options: WakeListenerOptions;
  #client: pg.Client | null = null;
  #reconnect: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: WakeListenerOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#listen();
  }

  /** A server that does not say goodbye is not waited for: nothing can be lost on this connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#reconnect !== null) clearTimeout(this.#reconnect);
    await Promise.race([this.#client?.end(), delay(END_WITHIN_MS, undefined, { ref: false })]);
  }

  async #listen(): Promise<void> {
    const { url, logger } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      application_name: 'clientele-query-listen',
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: CONNECT_WITHIN_MS,
      keepAlive: true,
    });
    this.#client = client;
    client.on('notification', ({ payload }) => this.#hear(payload));
    client.on('error', (error) => logger.warn({ err: error }, 'no longer told of views'));
    client.once('end', () => this.#listenAgain());
    try {
      await client.connect();
      await client.query(`listen ${VIEWS_CHANNEL}`);
    } catch (error) {
      logger.warn({ err: error }, 'not told of views');
      await client.end();
    }
  }

  /** Anybody in the database can notify, so what is heard need not make sense. */
  #hear(payload: string | undefined): void {
    const { logger, onPositions } = this.#options;
    try {
      const positions = parseWake(payload);
      if (positions !== null) onPositions(positions);
    } catch (error) {
      logger.warn({ err: error }, 'a notification of the views makes no sense');
    }
  }

  #listenAgain(): void {
    if (this.#stopped) return;
    this.#reconnect = setTimeout(() => void this.#listen(), RECONNECT_AFTER_MS);
  }
}
