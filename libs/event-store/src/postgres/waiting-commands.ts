import type pg from 'pg';
import { ledgerDay } from '../ledger-day.ts';
import type { DueCommand, Postponement, WaitingCommand } from '../waiting-work.ts';
import { dateArray, intArray, textArray, timestampArray } from './binary-array.ts';
import { storeError } from './errors.ts';

interface WaitingRow {
  readonly command_id: string;
  readonly outcome: WaitingCommand['outcome'];
  readonly command_type: string;
  readonly provider: string;
  readonly source: string | null;
  readonly entity: string | null;
  readonly external_id: string | null;
  readonly reason: string | null;
  readonly attempts: number;
  readonly received_at: Date;
  readonly payload: string | null;
}

/** Those of the commands that are parked or quarantined, by command id. */
export async function loadWaiting(pool: pg.Pool, commandIds: readonly string[]): Promise<Map<string, WaitingCommand>> {
  if (commandIds.length === 0) return new Map();
  const values = [textArray(commandIds), dateArray(commandIds.map(ledgerDay))];
  const { rows } = await pool.query<WaitingRow>({ name: 'load_waiting', text: 'select * from clientele.load_waiting($1, $2)', values });
  return new Map(rows.map((row) => [row.command_id, waitingOf(row)]));
}

/** Of payloads as they are stored, at a time: none is shortened, and one is told however large it is. */
const ENOUGH_BYTES = 1024 * 1024;

/**
 * Parked commands whose next attempt is due, whole, the longest due first; at most `limit`, and fewer where they are large. They stay due until
 * they are put off, or a unit resettles them.
 * @throws UnavailableError
 */
export async function dueParked(pool: pg.Pool, limit: number): Promise<DueCommand[]> {
  try {
    const { rows } = await pool.query<WaitingRow & Pick<DueCommand, 'errors'>>('select * from clientele.due_parked($1, $2)', [limit, ENOUGH_BYTES]);
    return rows.map(({ errors, ...row }) => ({ ...waitingOf(row), errors }));
  } catch (error) {
    throw storeError(error, 'looking for due commands');
  }
}

/**
 * Puts off those of the commands that are still due; the ids of these. A row that another transaction holds is left as it is, so of several
 * callers each gets others.
 * @throws UnavailableError
 */
export async function postponeParked(pool: pg.Pool, postponements: readonly Postponement[]): Promise<ReadonlySet<string>> {
  if (postponements.length === 0) return new Set();
  const ids = postponements.map(({ commandId }) => commandId);
  const values = [
    textArray(ids), dateArray(ids.map(ledgerDay)), intArray(postponements.map(({ attempts }) => attempts)),
    timestampArray(postponements.map(({ nextAttemptAt }) => (nextAttemptAt === null ? null : Date.parse(nextAttemptAt)))),
  ];
  try {
    const { rows } = await pool.query<{ id: string }>('select clientele.postpone_parked($1, $2, $3, $4) as id', values);
    return new Set(rows.map(({ id }) => id));
  } catch (error) {
    throw storeError(error, 'putting off what is due');
  }
}

/**
 * Notes that a quarantined body was sent in again, and by whom. False where none of this id is quarantined.
 * @throws UnavailableError
 */
export async function markResubmitted(pool: pg.Pool, commandId: string, by: string): Promise<boolean> {
  try {
    const { rows: [row] } = await pool.query<{ marked: boolean }>(
      'select clientele.mark_resubmitted($1, $2, $3) as marked', [commandId, ledgerDay(commandId), by],
    );
    return row?.marked === true;
  } catch (error) {
    throw storeError(error, 'marking a quarantined body');
  }
}

function waitingOf(row: WaitingRow): WaitingCommand {
  const { command_id: commandId, outcome, command_type: commandType, provider, source, entity, external_id: externalId, reason, attempts, payload } = row;
  return { commandId, outcome, commandType, provider, source, entity, externalId, reason, attempts, receivedAt: row.received_at.toISOString(), payload };
}
