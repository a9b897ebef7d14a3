import { stringifyExact } from '@clientele/contracts';
import { isClock, type RecordKey } from '@clientele/domain';
import { moment, storable, uuid } from './checks.ts';
import { keyText } from './event-store.ts';
import { ledgerDay } from './ledger-day.ts';
import type { NewPlan } from './plans.ts';
import { READ_LANES, readLane, type AskedRead, type TakenReading } from './reads.ts';
import type { Resettlement } from './waiting-work.ts';

export interface PreparedRead {
  readonly row: AskedRead;
  /** Its place among `READ_LANES`. */
  readonly lane: number;
  readonly notBefore: number;
}

export interface PreparedReading {
  readonly row: RecordKey;
  /** The beginning of what the reading covers, as a clock begins: earlier clocks sort before it. */
  readonly from: string;
}

export interface PreparedResettlement {
  readonly row: Resettlement;
  readonly errors: string;
  readonly nextAttemptAt: number | null;
}

export interface PreparedPlan {
  readonly row: NewPlan;
  readonly json: string;
}

const CLOCK_TIME_DIGITS = 15;

/** @throws RangeError where it cannot be stored. */
export function prepareRead(row: AskedRead): PreparedRead {
  storable('a read', [keyText(row), row.provider, row.reason].join());
  if (!isClock(storable('a clock', row.since))) throw new RangeError(`a read since what is no clock: ${row.since}`);
  return { row, lane: READ_LANES.indexOf(readLane(row.reason)), notBefore: moment('the time of a read', row.notBefore) };
}

/** @throws RangeError where it cannot be stored. */
export function prepareReading(row: TakenReading): PreparedReading {
  storable('a reading', keyText(row));
  return { row, from: String(moment('the beginning of a reading', row.from)).padStart(CLOCK_TIME_DIGITS, '0') };
}

/** @throws RangeError where it cannot be stored. */
export function prepareResettlement(row: Resettlement): PreparedResettlement {
  storable('a waiting command', [row.commandId, row.reason, row.edited?.by, row.edited?.reason].join());
  if (row.aggregateId !== null) uuid('an aggregate id', row.aggregateId);
  if (row.day !== ledgerDay(row.commandId)) throw new RangeError(`the ledger keeps ${row.commandId} under ${ledgerDay(row.commandId)}, not ${row.day}`);
  const nextAttemptAt = row.nextAttemptAt === null ? null : moment('the time of an attempt', row.nextAttemptAt);
  return { row, errors: stringifyExact(row.errors), nextAttemptAt };
}

/** What PostgreSQL cannot take out of a JSON text: NUL, and halves of surrogate pairs. */
const UNREADABLE = /\\u(?:0000|d[89a-f])/i;

/** @throws RangeError where it cannot be stored. */
export function preparePlan(row: NewPlan): PreparedPlan {
  uuid('the id of a plan', row.id);
  const { kind, source, provider, entity, cause, params, requestedBy } = row;
  const json = stringifyExact({ kind, source, provider, entity, cause, params, requestedBy });
  if (UNREADABLE.test(json)) throw new RangeError(`a plan holds a character that cannot be stored: ${json}`);
  return { row, json };
}
