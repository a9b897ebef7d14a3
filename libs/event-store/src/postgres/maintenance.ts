import { UnavailableError } from '@clientele/contracts';
import type pg from 'pg';
import { storeError } from './errors.ts';

export interface MaintenanceOptions {
  /** The UTC day, `YYYY-MM-DD`. */
  readonly today?: string;
  /** Ends the work after the statement at hand. */
  readonly signal?: AbortSignal;
}

const ROWS_A_STATEMENT = 5_000;
/** Of one kind in a run. What is left waits for the next. */
const STATEMENTS_A_RUN = 2_000;

/**
 * Makes the partitions of the days and positions to come, and lets go of ledger rows and append results older than 15 days (parked work
 * stays, with what was edited of it), and of publishers that were not heard of, reads that were given up and plans that ended 30 days ago, each
 * apart and in small transactions. To be called at start and every hour or so, by any process: several at once do no harm, and an append
 * never fails for lack of it.
 * @throws UnavailableError where a part would have to wait for others: the other parts are done; try again later.
 */
export async function maintainWriteDatabase(pool: pg.Pool, options: MaintenanceOptions = {}): Promise<void> {
  const { today = new Date().toISOString().slice(0, 10), signal } = options;
  const parts = [
    () => pool.query('select clientele.maintain($1)', [today]),
    () => pool.query('select clientele.expire_ledger($1)', [today]),
    () => inSteps(signal, () => deleteRows(pool, 'select clientele.expire_ledger_default($1, $2) as rows', today)),
    () => inSteps(signal, () => deleteRows(pool, 'select clientele.expire_lane_publishers($1, $2) as rows', today)),
    () => expireAppendResults(pool, today, signal),
    ...['ledger_edits', 'reads', 'plans'].map((table) =>
      () => inSteps(signal, () => deleteRows(pool, `select clientele.expire_${table}($1, $2) as rows`, today))),
  ];
  const failures: unknown[] = [];
  for (const part of parts) {
    if (signal?.aborted !== true) await part().catch((error: unknown) => failures.push(storeError(error, 'maintenance')));
  }
  if (failures.length > 0) throw failures.find((error) => !(error instanceof UnavailableError)) ?? failures[0];
}

/** Repeats the step, which answers how many rows it took, for as long as it finds as many as it asks for. */
async function inSteps(signal: AbortSignal | undefined, step: () => Promise<number>): Promise<void> {
  for (let steps = 0; steps < STATEMENTS_A_RUN && signal?.aborted !== true; steps += 1) {
    if (await step() < ROWS_A_STATEMENT) return;
  }
}

async function deleteRows(pool: pg.Pool, statement: string, today: string): Promise<number> {
  const { rows: [row] } = await pool.query<{ rows: number }>(statement, [today, ROWS_A_STATEMENT]);
  return row?.rows ?? 0;
}

async function expireAppendResults(pool: pg.Pool, today: string, signal: AbortSignal | undefined): Promise<void> {
  let place: { last_command: string | null; last_stream: string | null } = { last_command: null, last_stream: null };
  await inSteps(signal, async () => {
    const { rows: [row] } = await pool.query<{ looked: number } & typeof place>(
      'select * from clientele.expire_append_results($1, $2, $3, $4)', [today, place.last_command, place.last_stream, ROWS_A_STATEMENT],
    );
    if (row === undefined) return 0;
    place = row;
    return row.looked;
  });
}
