import { setTimeout as sleep } from 'node:timers/promises';
import { OtherLanesError } from '@clientele/contracts';
import type { Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';

const WAIT_MS = 30_000;
const RETRY_MS = 500;

/**
 * Waits for the write database, at most 30 s, and makes sure that its log was made with this number of lanes: with another one, records
 * would change lanes, and two owners would write one stream.
 * @throws OtherLanesError
 */
export async function requireAgreedLanes(pool: Pick<Pool, 'query'>, lanes: number, logger: Logger): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  let told: string | null = null;
  for (;;) {
    try {
      const { rows } = await pool.query<{ lanes: number | null }>('select lanes from clientele.log_head');
      const made = rows[0]?.lanes ?? lanes;
      if (made !== lanes) throw new OtherLanesError(`this log was made with ${made} lanes, not ${lanes}: set LANES=${made}`);
      return;
    } catch (error) {
      if (error instanceof OtherLanesError || Date.now() + RETRY_MS > deadline) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== told) logger.warn({ reason }, 'waiting for the write database');
      told = reason;
      await sleep(RETRY_MS);
    }
  }
}
