import type pg from 'pg';
import { storeError } from './errors.ts';

/**
 * Makes the partitions of the days and positions to come, and lets go of ledger rows and append results older than 15 days (parked work
 * stays). To be called at start and every hour or so, by any process: several at once do no harm, and an append never fails for lack of it.
 * @throws UnavailableError where it would have to wait for others: try again later.
 */
export async function maintainWriteDatabase(pool: pg.Pool): Promise<void> {
  try {
    await pool.query('select clientele.maintain()');
  } catch (error) {
    throw storeError(error, 'maintenance');
  }
}
