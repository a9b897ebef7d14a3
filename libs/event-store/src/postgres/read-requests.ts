import type { RecordKey } from '@clientele/domain';
import type pg from 'pg';
import { READ_LANES, type ReadLane } from '../reads.ts';
import { storeError } from './errors.ts';

/** A read in the hands of who took it. */
export interface TakenRead extends RecordKey {
  readonly provider: string;
  readonly reason: string;
  readonly lane: ReadLane;
  /** A clock. */
  readonly since: string;
  /** How often it was taken since it was last read, this time too. */
  readonly attempts: number;
  /** RFC 3339: when it was first asked for. */
  readonly requestedAt: string;
  /** Which taking this is: a text for `rescheduleReads`, and no other use. */
  readonly taking: string;
}

export interface TakeOptions {
  readonly source: string;
  /** The lanes that may be taken from now, the most urgent first (default all). */
  readonly lanes?: readonly ReadLane[];
  /** Most reads to take. */
  readonly limit: number;
  /** When what was taken and is not closed is due again (default 5 minutes). */
  readonly takenForMs?: number;
}

interface ReadRow {
  readonly source: string;
  readonly entity: string;
  readonly external_id: string;
  readonly provider: string;
  readonly reason: string;
  readonly lane: number;
  readonly since: string;
  readonly attempts: number;
  readonly requested_at: Date;
  readonly taking: string;
}

const TAKEN_FOR_MS = 5 * 60_000;
const TAKE = `select source, entity, external_id, provider, reason, lane, since, attempts, requested_at, taken_at::text as taking
  from clientele.take_reads($1, $2, $3, $4 * interval '1 ms')`;

/**
 * Takes reads that are due, lane by lane, the longest due first in each. A read is closed by the unit that decides its reading; until then it
 * is the taker's, who puts back what could not be read. Of several callers each gets others.
 * @throws UnavailableError
 */
export async function takeReads(pool: pg.Pool, options: TakeOptions): Promise<TakenRead[]> {
  const { source, lanes = READ_LANES, limit, takenForMs = TAKEN_FOR_MS } = options;
  return await guarded('taking reads', async () => {
    const { rows } = await pool.query<ReadRow>(TAKE, [source, lanes.map((lane) => READ_LANES.indexOf(lane)), limit, takenForMs]);
    return rows.map((row) => ({
      source: row.source, entity: row.entity, externalId: row.external_id, provider: row.provider, reason: row.reason, lane: laneAt(row.lane),
      since: row.since, attempts: row.attempts, requestedAt: row.requested_at.toISOString(), taking: row.taking,
    }));
  });
}

/** What becomes of a read that could not be had. */
export interface Rescheduled {
  readonly read: TakenRead;
  /** Taken again no sooner. */
  readonly notBefore: Date;
  readonly error: string;
  /** Counted from here on (default: what it was when it was taken); one less where the failure was not the record's. */
  readonly attempts?: number;
  /** Not taken again until something later asks for it. */
  readonly giveUp?: boolean;
}

/**
 * Puts back reads that could not be had. One that was closed, or taken again, meanwhile is left alone. Answers how many were put back.
 * @throws UnavailableError
 */
export async function rescheduleReads(pool: pg.Pool, reads: readonly Rescheduled[]): Promise<number> {
  if (reads.length === 0) return 0;
  const columns = [
    reads.map(({ read }) => read.source), reads.map(({ read }) => read.entity), reads.map(({ read }) => read.externalId),
    reads.map(({ read }) => read.taking), reads.map(({ read }) => read.since), reads.map(({ read, attempts = read.attempts }) => attempts),
    reads.map(({ notBefore }) => notBefore), reads.map(({ error }) => error.replaceAll('\0', '').slice(0, LONGEST_ERROR)),
    reads.map(({ giveUp = false }) => giveUp),
  ];
  return await guarded('putting reads back', async () => {
    const { rows: [row] } = await pool.query<{ count: number }>(
      'select clientele.reschedule_reads($1, $2, $3, $4, $5, $6, $7, $8, $9) as count', columns,
    );
    return row?.count ?? 0;
  });
}

const LONGEST_ERROR = 1000;

export async function rescheduleRead(pool: pg.Pool, read: Rescheduled): Promise<boolean> {
  return await rescheduleReads(pool, [read]) === 1;
}

const ROWS_A_STATEMENT = 5_000;

/**
 * Makes due at once what was given up, or failed and is put off: for a source that can be read again. Answers how many.
 * @throws UnavailableError
 */
export async function reopenReads(pool: pg.Pool, source: string): Promise<number> {
  return await guarded('opening reads', async () => {
    for (let total = 0; ;) {
      const { rows: [row] } = await pool.query<{ count: number }>('select clientele.reopen_reads($1, $2) as count', [source, ROWS_A_STATEMENT]);
      const count = row?.count ?? 0;
      total += count;
      if (count < ROWS_A_STATEMENT) return total;
    }
  });
}

export interface ReadCount {
  readonly source: string;
  readonly lane: ReadLane;
  readonly state: 'open' | 'taken' | 'given_up';
  readonly count: number;
  /** When the first of them is, or was, due; null where they were given up. */
  readonly firstDueAt: Date | null;
}

/** How many reads are wanted, for metrics. @throws UnavailableError */
export async function countReads(pool: pg.Pool): Promise<ReadCount[]> {
  return await guarded('counting reads', async () => {
    const { rows } = await pool.query<{ source: string; lane: number; state: ReadCount['state']; count: number; first_due_at: Date | null }>(
      'select source, lane, state, count(*)::int as count, min(due_at) as first_due_at from clientele.reads group by 1, 2, 3 order by 1, 2, 3',
    );
    return rows.map(({ source, lane, state, count, first_due_at: firstDueAt }) => ({ source, lane: laneAt(lane), state, count, firstDueAt }));
  });
}

function laneAt(place: number): ReadLane {
  const lane = READ_LANES[place];
  if (lane === undefined) throw new RangeError(`no lane of reads has the place ${place}`);
  return lane;
}

async function guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, doing);
  }
}
