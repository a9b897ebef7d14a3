import type pg from 'pg';
import { storeError } from './errors.ts';

/** A record that has an aggregate of ours, whatever became of it. */
export interface KnownRecord {
  readonly externalId: string;
  readonly aggregateId: string;
}

export interface KnownRecordsOf {
  readonly source: string;
  readonly entity: string;
}

interface KnownRow {
  readonly external_id: string;
  readonly aggregate_id: string;
}

/** A page of them by external id, in the database's order. @throws UnavailableError */
export async function listKnownRecords(
  pool: pg.Pool,
  { source, entity, after, limit }: KnownRecordsOf & { readonly after: string | null; readonly limit: number },
): Promise<KnownRecord[]> {
  return await guarded('listing records', async () => {
    const { rows } = await pool.query<KnownRow>(
      `select external_id, aggregate_id from clientele.mappings where source = $1 and entity = $2 and external_id > $3 order by external_id limit $4`,
      [source, entity, after ?? '', limit],
    );
    return rows.map(recordOf);
  });
}

/**
 * Some of them, each as likely as any other; the same seed draws the same ones again. Looks at each: about a second for a million.
 * @throws UnavailableError
 */
export async function sampleKnownRecords(
  pool: pg.Pool,
  { source, entity, seed, limit }: KnownRecordsOf & { readonly seed: string; readonly limit: number },
): Promise<KnownRecord[]> {
  return await guarded('drawing records', async () => {
    const { rows } = await pool.query<KnownRow>(
      `select external_id, aggregate_id from clientele.mappings where source = $1 and entity = $2
        order by hashtextextended(external_id, hashtextextended($3, 0)) limit $4`,
      [source, entity, seed, limit],
    );
    return rows.map(recordOf);
  });
}

/** @throws UnavailableError */
export async function countKnownRecords(pool: pg.Pool, { source, entity }: KnownRecordsOf): Promise<number> {
  return await guarded('counting records', async () => {
    const { rows: [row] } = await pool.query<{ count: string }>('select count(*) from clientele.mappings where source = $1 and entity = $2', [source, entity]);
    return Number(row?.count ?? 0);
  });
}

function recordOf({ external_id: externalId, aggregate_id: aggregateId }: KnownRow): KnownRecord {
  return { externalId, aggregateId };
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, doing);
  }
}
