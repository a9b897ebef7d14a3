import { asc, eq, lte, and, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { sources } from '../schema/index.ts';
import { storeError } from './errors.ts';

/** What is known of a source beside its records. */
export interface KnownSource {
  readonly source: string;
  readonly provider: string;
  /** Of its commit numbers; null while none was seen. */
  readonly generation: string | null;
  /** Commit time of the latest change that was noted. */
  readonly lastChangeAt: Date | null;
  readonly connectedAt: Date;
  /** The plan that reads all of its records at the beginning; null: none was made. */
  readonly loadPlan: string | null;
}

const shown = {
  source: sources.source, provider: sources.provider, generation: sources.generation, lastChangeAt: sources.lastChangeAt,
  connectedAt: sources.connectedAt, loadPlan: sources.loadPlan,
};

/** Makes the source known; one that is known already stays as it is. @throws UnavailableError */
export async function connectSource(pool: pg.Pool, source: string, provider: string): Promise<KnownSource> {
  const [row] = await guarded(() =>
    drizzle(pool).insert(sources).values({ source, provider }).onConflictDoUpdate({ target: sources.source, set: { provider } }).returning(shown));
  if (row === undefined) throw new Error(`source ${source} could not be made known`);
  return row;
}

/** @throws UnavailableError */
export async function listSources(pool: pg.Pool): Promise<KnownSource[]> {
  return await guarded(() => drizzle(pool).select(shown).from(sources).orderBy(asc(sources.source)));
}

export interface SourceNews {
  readonly generation?: string;
  /** Kept where it is later than what is known. */
  readonly lastChangeAt?: Date;
  readonly loadPlan?: string;
}

/** Null for a source that was never connected; else what is known of it now. @throws UnavailableError */
export async function noteSource(pool: pg.Pool, source: string, news: SourceNews): Promise<KnownSource | null> {
  const { generation, lastChangeAt, loadPlan } = news;
  const values = {
    // Never empty, which would be no statement.
    source,
    ...(generation === undefined ? {} : { generation }),
    ...(loadPlan === undefined ? {} : { loadPlan }),
    ...(lastChangeAt === undefined ? {} : { lastChangeAt: sql`greatest(${sources.lastChangeAt}, ${lastChangeAt.toISOString()}::timestamptz)` }),
  };
  const [row] = await guarded(() => drizzle(pool).update(sources).set(values).where(eq(sources.source, source)).returning(shown));
  return row ?? null;
}

/**
 * Draws numbers for so many reads of a connected source; each is above all that were drawn before. Answers the first of them; null where the
 * source was not connected, or a later leader has drawn: this one is fenced off and must stop. An epoch of null is never fenced off, and
 * fences off nobody: for looks beside those of the leader.
 * @throws UnavailableError
 */
export async function drawReadNumbers(pool: pg.Pool, source: string, leaseEpoch: number | null, count = 1): Promise<number | null> {
  const [row] = await guarded(() =>
    drizzle(pool).update(sources)
      .set({ readNumber: sql`${sources.readNumber} + ${count}`, ...(leaseEpoch === null ? {} : { leaseEpoch }) })
      .where(and(eq(sources.source, source), leaseEpoch === null ? undefined : lte(sources.leaseEpoch, leaseEpoch)))
      .returning({ last: sources.readNumber }));
  return row === undefined ? null : row.last - count + 1;
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, 'a source');
  }
}
