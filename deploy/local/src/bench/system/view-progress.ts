import pg from 'pg';

const EVERY_MS = 25;

/** How far the views have come: the position of the log that all of them have reached, looked up forty times a second. */
export class ViewProgress {
  readonly #client: pg.Client;
  readonly #waiting = new Set<() => void>();
  #position = 0;
  #timer: NodeJS.Timeout | null = null;
  #failure: Error | null = null;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** `url`: of the read database, as the query service's role. */
  static async follow(url: string): Promise<ViewProgress> {
    const client = new pg.Client({ connectionString: url, application_name: 'clientele-bench' });
    await client.connect();
    const progress = new ViewProgress(client);
    client.on('error', (error) => progress.#fail(error));
    await progress.#look();
    return progress;
  }

  get position(): number {
    return this.#position;
  }

  /** Resolves when the views have moved. @throws Error when they cannot be followed any more. */
  async moved(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async reached(position: number): Promise<void> {
    while (this.#position < position) await this.moved();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    await this.#client.end();
  }

  async #look(): Promise<void> {
    const { rows } = await this.#client.query<{ position: string }>('select coalesce(min(position), 0) as position from published.checkpoints');
    const position = Number(rows[0]?.position);
    if (position !== this.#position) this.#wake();
    this.#position = position;
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
