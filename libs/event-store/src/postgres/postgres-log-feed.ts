import type { EventFeed, FeedBatch, FeedPosition, FeedReadOptions } from '@clientele/contracts';
import type pg from 'pg';
import { pollLog } from '../poll-log.ts';
import { storeError } from './errors.ts';
import { readPage } from './event-log.ts';

/** The event log itself as a feed: all of it, whatever the broker's stream still holds. Its pool is one of `clientele_log_reader`. */
export class PostgresLogFeed implements EventFeed {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** @throws UnavailableError where the database is away: read again from the last place that was taken. */
  read(after: FeedPosition, options: FeedReadOptions): AsyncIterable<FeedBatch> {
    return pollLog(async (position, limit) => {
      try {
        return await readPage(this.#pool, position, limit);
      } catch (error) {
        throw storeError(error, 'reading the log');
      }
    }, after, options);
  }
}
