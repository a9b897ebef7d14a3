import { encodeOutcome, stringifyExact, type EncodedEntry } from '@clientele/contracts';
import { keyText, type CommitUnit, type LedgerRow, type NewEvent, type NewMapping, type NewOutcome, type StreamWrite } from './event-store.ts';
import { ledgerDay } from './ledger-day.ts';
import {
  preparePlan, prepareRead, prepareReading, prepareResettlement, type PreparedPlan, type PreparedRead, type PreparedReading,
  type PreparedResettlement,
} from './prepared-requests.ts';
import { uuidV7 } from './uuid-v7.ts';
import { moment, storable, uuid } from './checks.ts';

export interface PreparedEvent extends EncodedEntry {
  readonly id: string;
  readonly event: NewEvent;
  readonly occurredAt: number;
}

export interface PreparedWrite {
  readonly write: StreamWrite;
  readonly events: readonly PreparedEvent[];
}

export interface PreparedOutcome extends EncodedEntry {
  readonly id: string;
  readonly outcome: string;
}

export interface PreparedLedgerRow {
  readonly row: LedgerRow;
  readonly errors: string;
  readonly receivedAt: number;
  readonly nextAttemptAt: number | null;
  readonly entity: string | null;
  readonly externalId: string | null;
}

/** A unit whose values are known to fit and whose JSON is written, so that a group of them cannot fail for one. */
export interface PreparedUnit {
  readonly unit: CommitUnit;
  readonly writes: readonly PreparedWrite[];
  readonly outcomes: readonly PreparedOutcome[];
  readonly ledger: readonly PreparedLedgerRow[];
  readonly reads: readonly PreparedRead[];
  readonly readings: readonly PreparedReading[];
  readonly resettled: readonly PreparedResettlement[];
  readonly plans: readonly PreparedPlan[];
  /** What no two units of a group may have in common: streams, mapped keys, commands, the lane. */
  readonly claims: readonly string[];
  /** Rough size on the wire. */
  readonly bytes: number;
}

const ROW_BYTES = 200;
/** Most characters of what waiting work is listed by: an index must be able to hold it. */
const LISTED = 255;

/** @throws RangeError where a value is none that the database can hold, or a unit contradicts itself: a bug of the caller. */
export function prepareUnit(unit: CommitUnit): PreparedUnit {
  const writes = unit.writes.map(prepareWrite);
  const outcomes = unit.outcomes.map(prepareOutcome);
  const ledger = unit.ledger.map(prepareLedgerRow);
  const requests = {
    reads: (unit.reads ?? []).map(prepareRead), readings: (unit.readings ?? []).map(prepareReading),
    resettled: (unit.resettled ?? []).map(prepareResettlement), plans: (unit.plans ?? []).map(preparePlan),
  };
  for (const mapping of unit.mappings) checkMapping(mapping);
  for (const repeat of unit.repeats) storable('a command id', repeat.commandId);
  for (const { publisher, accepted } of unit.lane?.publishers ?? []) storable('a publisher', [publisher, ...Object.keys(accepted)].join());
  const entries = [...writes.flatMap(({ events }) => events), ...outcomes];
  const requested = requests.reads.length + requests.readings.length + requests.resettled.length + requests.plans.length;
  const rows = unit.ledger.length + unit.mappings.length + unit.repeats.length + entries.length + requested;
  const payloads = [...unit.ledger, ...(unit.resettled ?? [])].reduce((sum, { payload }) => sum + (payload?.length ?? 0), 0);
  const bytes = entries.reduce((sum, { data, personal, metadata }) => sum + data.length + (personal?.length ?? 0) + metadata.length, payloads);
  return { unit, writes, outcomes, ledger, ...requests, claims: claimsOf(unit), bytes: bytes + rows * ROW_BYTES };
}

function prepareWrite(write: StreamWrite): PreparedWrite {
  uuid('a stream id', write.streamId);
  storable('a stream type', write.streamType);
  storable('a command id', write.commandId);
  if (write.events.length === 0) throw new RangeError(`a write to ${write.streamId} without events`);
  if (typeof write.expectedVersion === 'number' && !(Number.isSafeInteger(write.expectedVersion) && write.expectedVersion >= 0)) {
    throw new RangeError(`an expected version that is none: ${write.expectedVersion}`);
  }
  return { write, events: write.events.map(prepareEvent) };
}

function prepareEvent(event: NewEvent): PreparedEvent {
  return {
    id: uuidV7(), event, occurredAt: moment('the time of an event', event.occurredAt), data: stringifyExact(event.data),
    personal: event.personal === null ? null : stringifyExact(event.personal), metadata: stringifyExact(event.metadata),
  };
}

function prepareOutcome(outcome: NewOutcome): PreparedOutcome {
  if (outcome.aggregateId !== null) uuid('an aggregate id', outcome.aggregateId);
  return { id: uuidV7(), outcome: outcome.outcome, ...encodeOutcome(outcome) };
}

function prepareLedgerRow(row: LedgerRow): PreparedLedgerRow {
  storable('a command id', row.commandId);
  storable('a provider', row.provider);
  storable('a source', row.source ?? '');
  storable('a reason', row.reason ?? '');
  if (row.aggregateId !== null) uuid('an aggregate id', row.aggregateId);
  if (row.day !== ledgerDay(row.commandId)) throw new RangeError(`the ledger keeps ${row.commandId} under ${ledgerDay(row.commandId)}, not ${row.day}`);
  const { entity = null, externalId = null, nextAttemptAt = null } = row;
  storable('a record', [entity, externalId].join());
  return {
    row, errors: stringifyExact(row.errors), receivedAt: moment('the time of receipt', row.receivedAt),
    nextAttemptAt: nextAttemptAt === null ? null : moment('the time of an attempt', nextAttemptAt),
    entity: entity?.slice(0, LISTED) ?? null, externalId: externalId?.slice(0, LISTED) ?? null,
  };
}

function checkMapping(mapping: NewMapping): void {
  storable('a mapped key', keyText(mapping));
  storable('a command id', mapping.linkedBy);
  uuid('an aggregate id', mapping.aggregateId);
}

function claimsOf(unit: CommitUnit): string[] {
  const own = [
    ...unit.writes.map(({ streamId }) => `stream ${streamId.toLowerCase()}`),
    ...unit.mappings.map((mapping) => `key ${keyText(mapping)}`),
    ...[...unit.ledger, ...(unit.resettled ?? [])].map(({ commandId }) => `command ${commandId}`),
    ...(unit.lane === undefined ? [] : [`lane ${unit.lane.lane}`]),
  ];
  const repeated = unit.repeats.map(({ commandId }) => `command ${commandId}`);
  for (const claims of [own, repeated]) {
    if (new Set(claims).size < claims.length) {
      throw new RangeError(`a unit names something twice: ${claims.find((claim, at) => claims.indexOf(claim) !== at)}`);
    }
  }
  // A command may be decided and repeated in one unit.
  return [...own, ...repeated];
}
