import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';

const LOOK_EVERY_MS = 500;

/**
 * Until the records of this version have come as far as those of the version before, these are served, and stand still. Resolves when the
 * new are served, or `signal` aborts. What fails, most often a lock that is not had at once, is tried again.
 */
export async function serveWhenBuilt({ pool, logger }: { readonly pool: Pool; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
  let waited = false;
  while (!signal.aborted) {
    const served = await isServed(pool).catch((error: unknown) => {
      logger.warn({ err: error }, 'records: the new version is not served yet; it is tried again');
      return false;
    });
    if (served) {
      if (waited) logger.info('records: the new version is served');
      return;
    }
    if (!waited) logger.info('records: a new version is built from the log; the one before is served until it has come as far');
    waited = true;
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

async function isServed(pool: Pool): Promise<boolean> {
  const { rows: [row] } = await pool.query<{ served: boolean }>('select clientele.serve_records_2() as served');
  return row?.served === true;
}
