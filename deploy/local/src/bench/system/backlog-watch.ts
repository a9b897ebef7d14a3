import { connectNats, streamStatus, type NatsLink } from '@clientele/messaging';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { BenchSystem } from './bench-system.ts';
import type { ViewProgress } from './view-progress.ts';

/** Changes that wait, on the average: which hop holds the others up shows in what piles up before it. */
export interface Backlog {
  readonly beforeCommand: number;
  readonly beforeRelay: number;
  readonly beforeProjector: number;
}

const EVERY_MS = 250;

/** Samples how far each hop is, from now on. Every change is one entry of the log, and one message of EVENTS. */
export class BacklogWatch {
  readonly #link: NatsLink;
  readonly #log: pg.Client;
  readonly #views: ViewProgress;
  readonly #samples: Backlog[] = [];
  #sent = 0;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(link: NatsLink, log: pg.Client, views: ViewProgress) {
    this.#link = link;
    this.#log = log;
    this.#views = views;
  }

  static async start({ servers }: BenchSystem, views: ViewProgress): Promise<BacklogWatch> {
    const link = await connectNats({ url: servers.natsUrl('operator'), name: 'clientele-bench' });
    const log = new pg.Client({ connectionString: servers.databaseUrl('logReader'), application_name: 'clientele-bench' });
    await log.connect();
    const watch = new BacklogWatch(link, log, views);
    watch.#running = watch.#follow();
    // Its failure is thrown by `end`; until then it must not count as unhandled.
    watch.#running.catch(() => {});
    return watch;
  }

  /** Changes that were posted since the system is there. */
  sent(count: number): void {
    this.#sent = count;
  }

  /** @throws what kept it from looking. */
  async end(): Promise<Backlog> {
    this.#stopping.abort();
    await this.#running;
    await Promise.all([this.#link.close(), this.#log.end()]);
    const mean = (of: (sample: Backlog) => number): number => this.#samples.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, this.#samples.length);
    return { beforeCommand: mean((one) => one.beforeCommand), beforeRelay: mean((one) => one.beforeRelay), beforeProjector: mean((one) => one.beforeProjector) };
  }

  async #follow(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#sample();
      await delay(EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined); // aborted: the loop ends
    }
  }

  async #sample(): Promise<void> {
    const sent = this.#sent;
    const [stream, { rows: [head] }] = await Promise.all([
      streamStatus(this.#link, 'events'),
      this.#log.query<{ position: string }>('select position from published.log_head'),
    ]);
    const [decided, published] = [Number(head?.position ?? 0), stream?.lastSequence ?? 0];
    this.#samples.push({ beforeCommand: Math.max(0, sent - decided), beforeRelay: Math.max(0, decided - published), beforeProjector: Math.max(0, decided - this.#views.position) });
  }
}
