import type pg from 'pg';
import { READ_LANES, type ReadLane } from '../reads.ts';
import { storeError } from './errors.ts';

/** What was spent of a source's API calls. */
export interface SpentCalls {
  /** Of the last 24 hours, by whichever process. */
  readonly lanes: Readonly<Record<ReadLane, number>>;
  /** The account's limit, as it was told last; null: never. */
  readonly max: number | null;
}

/**
 * Counts calls that are about to be made to a connected source, unless all of its last 24 hours would then come to more than `most` (null:
 * without a bound). Answers whether they may be made.
 * @throws UnavailableError
 */
export async function spendCalls(pool: pg.Pool, source: string, lane: ReadLane, calls: number, most: number | null): Promise<boolean> {
  return await guarded('spending calls', async () => {
    const { rows: [row] } = await pool.query<{ granted: boolean }>('select clientele.spend_calls($1, $2, $3, $4) as granted', [source, lane, calls, most]);
    return row?.granted === true;
  });
}

/** @throws UnavailableError */
export async function spentCalls(pool: pg.Pool, source: string): Promise<SpentCalls> {
  return await guarded('counting calls', async () => {
    const { rows } = await pool.query<{ lane: ReadLane; calls: string }>(
      `select lane, sum(calls)::text as calls from clientele.api_calls where source = $1 and hour > clock_timestamp() - interval '25 hours' group by 1`,
      [source],
    );
    const { rows: [known] } = await pool.query<{ max: string | null }>('select quota_max::text as max from clientele.sources where source = $1', [source]);
    const lanes: Record<ReadLane, number> = { live: 0, gap: 0, repair: 0, reconciliation: 0 };
    for (const { lane, calls } of rows) if (READ_LANES.includes(lane)) lanes[lane] = Number(calls);
    const max = known?.max ?? null;
    return { lanes, max: max === null ? null : Number(max) };
  });
}

/** Keeps the account's limit for whoever asks before the provider tells it again. @throws UnavailableError */
export async function noteQuota(pool: pg.Pool, source: string, max: number): Promise<void> {
  await guarded('noting a limit', () => pool.query('update clientele.sources set quota_max = $2 where source = $1 and quota_max is distinct from $2', [source, max]));
}

/** Makes due at once what an earlier reader of the source took and left. Answers how many. @throws UnavailableError */
export async function releaseReads(pool: pg.Pool, source: string): Promise<number> {
  return await guarded('releasing reads', async () => {
    const { rows: [row] } = await pool.query<{ count: number }>('select clientele.release_reads($1) as count', [source]);
    return row?.count ?? 0;
  });
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, doing);
  }
}
