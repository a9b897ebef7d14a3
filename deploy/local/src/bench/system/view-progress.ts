import { connectNats, streamStatus, type NatsLink } from '@clientele/messaging';
import pg from 'pg';
import type { Servers } from '../../start/servers.ts';

const EVERY_MS = 25;

/** How far the system has come, looked up forty times a second. Every entry of the log is one message of EVENTS. */
export class ViewProgress {
  readonly #client: pg.Client;
  readonly #link: NatsLink;
  readonly #waiting = new Set<() => void>();
  #views = 0;
  #published = 0;
  #timer: NodeJS.Timeout | null = null;
  #failure: Error | null = null;

  private constructor(client: pg.Client, link: NatsLink) {
    this.#client = client;
    this.#link = link;
  }

  static async follow(servers: Servers): Promise<ViewProgress> {
    const client = new pg.Client({ connectionString: servers.databaseUrl('query'), application_name: 'clientele-bench' });
    await client.connect();
    const progress = new ViewProgress(client, await connectNats({ url: servers.natsUrl('operator'), name: 'clientele-bench' }));
    client.on('error', (error) => progress.#fail(error));
    await progress.#look();
    return progress;
  }

  /** The position of the log that all views have reached: up to there everything can be queried. */
  get position(): number {
    return this.#views;
  }

  /** The position that the relay has reached: up to there everything can be consumed. */
  get published(): number {
    return this.#published;
  }

  /** Resolves when something has moved. @throws Error when it cannot be followed any more. */
  async moved(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async reached(position: number): Promise<void> {
    while (this.#views < position) await this.moved();
  }

  /** Resolves when the relay has published up to there as well: the system is at rest. */
  async settled(position: number): Promise<void> {
    while (this.#views < position || this.#published < position) await this.moved();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await Promise.all([this.#client.end(), this.#link.close()]);
  }

  async #look(): Promise<void> {
    const [{ rows }, stream] = await Promise.all([
      this.#client.query<{ position: string }>('select coalesce(min(position), 0) as position from published.checkpoints'),
      streamStatus(this.#link, 'events'),
    ]);
    const [views, published] = [Number(rows[0]?.position), stream?.lastSequence ?? 0];
    if (views !== this.#views || published !== this.#published) this.#wake();
    this.#views = views;
    this.#published = published;
    this.#timer = setTimeout(() => {
      this.#look().catch((error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    }, EVERY_MS);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}
