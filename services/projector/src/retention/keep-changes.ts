import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';

export interface KeepChangesParts {
  readonly pool: Pool;
  readonly version: number;
  readonly keptDays: number;
  readonly logger: Logger;
  readonly now: () => Date;
}

const HOUR_MS = 3_600_000;
const AFTER_FAILURE_MS = 60_000;
const ROWS_AT_ONCE = 5_000;
const DAY_MS = 24 * HOUR_MS;

/** The moment before which changes are not kept. */
export function keptSince(now: Date, keptDays: number): Date {
  return new Date(now.getTime() - keptDays * DAY_MS);
}

/** Looks after the daily partitions of the changes, at once and then every hour, until `signal` aborts. */
export async function keepChanges(parts: KeepChangesParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const failed = await tidyChanges(parts, signal).then(() => false, (error: unknown) => {
      // Most often a lock that was not had at once: views and queries come first.
      parts.logger.warn({ err: error }, 'changes: upkeep of partitions failed; it is tried again');
      return true;
    });
    await delay(failed ? AFTER_FAILURE_MS : HOUR_MS, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
}

/** Makes the partitions around today, drops the expired, and takes out old rows that have no partition of their own. */
export async function tidyChanges({ pool, version, keptDays, now }: KeepChangesParts, signal: AbortSignal): Promise<void> {
  await pool.query('select clientele.maintain_changes($1, $2, $3)', [version, now().toISOString().slice(0, 10), keptDays]);
  const leaf = `clientele.changes_${version}_default`;
  for (let deleted = ROWS_AT_ONCE; deleted === ROWS_AT_ONCE && !signal.aborted;) {
    const { rowCount } = await pool.query(
      `delete from ${leaf} where ctid = any (array(select ctid from ${leaf} where recorded_at < $1 and status <> 'parked' limit ${ROWS_AT_ONCE}))`,
      [keptSince(now(), keptDays)],
    );
    deleted = rowCount ?? 0;
  }
}
