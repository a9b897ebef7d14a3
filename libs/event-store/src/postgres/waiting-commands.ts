import type pg from 'pg';
import { ledgerDay } from '../ledger-day.ts';
import type { DueCommand, WaitingCommand } from '../waiting-work.ts';
import { dateArray, textArray } from './binary-array.ts';
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
  return new Map(rows.map((row) => [row.command_id, {
    ...commandOf(row), outcome: row.outcome, commandType: row.command_type, receivedAt: row.received_at.toISOString(), payload: row.payload,
  }]));
}

/** What is told as due is not told again for so long: by then its attempt is decided, or was lost. */
const TAKEN_FOR_MS = 5 * 60_000;

/**
 * Parked commands whose next attempt is due, at most `limit`, the longest due first; each is told once in 5 minutes until a unit resettles it.
 * Of several callers each gets others.
 * @throws UnavailableError
 */
export async function dueParked(pool: pg.Pool, limit: number): Promise<DueCommand[]> {
  try {
    const { rows } = await pool.query<Omit<WaitingRow, 'outcome' | 'command_type' | 'received_at' | 'payload'>>(
      "select * from clientele.take_due_parked($1, $2 * interval '1 ms')", [limit, TAKEN_FOR_MS],
    );
    return rows.map(commandOf);
  } catch (error) {
    throw storeError(error, 'looking for due commands');
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

function commandOf(row: Omit<WaitingRow, 'outcome' | 'command_type' | 'received_at' | 'payload'>): DueCommand {
  const { command_id: commandId, provider, source, entity, external_id: externalId, reason, attempts } = row;
  return { commandId, provider, source, entity, externalId, reason, attempts };
}
