import { readProgress, type ViewId, type ViewProgress } from '@clientele/projections';
import type { Pool } from 'pg';
import type { EventLog } from '../feed/event-feed.ts';

export interface ViewStatus extends ViewProgress {
  /** The newest position of the log. */
  readonly head: number;
  readonly lagEvents: number;
  /** Age of the oldest entry that is not in the view; 0 where all are. */
  readonly lagSeconds: number;
  readonly state: 'current' | 'catching_up' | 'stalled';
}

const STALLED_AFTER_MS = 30_000;

/** Where the views stand against the log itself, not against the stream: what never reached the stream is missing too. */
export class ViewStatusReader {
  readonly #pool: Pool;
  readonly #log: EventLog;
  readonly #now: () => number;

  constructor(pool: Pool, log: EventLog, now: () => number) {
    this.#pool = pool;
    this.#log = log;
    this.#now = now;
  }

  async read(views: readonly ViewId[]): Promise<ViewStatus[]> {
    // The views first: the log is then at least as far as they are.
    const progress = await readProgress(this.#pool, views);
    const head = await this.#log.head();
    return await Promise.all(progress.map(async (view): Promise<ViewStatus> => {
      // A place in another log is none in this one: the view will be built anew.
      const position = view.incarnation === null || view.incarnation === head.incarnation ? view.position : 0;
      const lagEvents = Math.max(0, head.position - position);
      const state = lagEvents === 0 ? 'current' : this.#now() - view.movedAt.getTime() < STALLED_AFTER_MS ? 'catching_up' : 'stalled';
      return { ...view, position, head: head.position, lagEvents, lagSeconds: lagEvents === 0 ? 0 : await this.#ageAfter(position), state };
    }));
  }

  async #ageAfter(position: number): Promise<number> {
    const [next] = await this.#log.readAll(position, 1);
    return next === undefined ? 0 : Math.max(0, (this.#now() - Date.parse(next.recordedAt)) / 1000);
  }
}
