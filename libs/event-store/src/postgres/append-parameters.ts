import { ledgerDay } from '../ledger-day.ts';
import type { PreparedUnit } from '../prepared-unit.ts';
import { bigintArray, dateArray, intArray, jsonArray, textArray, timestampArray, uuidArray } from './binary-array.ts';
import { expectation } from './expected-versions.ts';

/** Parameters of `clientele.append_group`, after its first, in its order. */
export function appendParameters(units: readonly PreparedUnit[], careful: boolean): unknown[] {
  let before = 0;
  const writes = rowsOf(units, ({ writes }) => writes).map(({ unit, row }) => {
    before += row.events.length;
    return { unit, row, before: before - row.events.length };
  });
  const events = writes.flatMap(({ row }, write) => row.events.map((event, nth) => ({ write: write + 1, nth: nth + 1, row: event })));
  const outcomes = rowsOf(units, ({ outcomes }) => outcomes);
  const ledger = rowsOf(units, ({ ledger }) => ledger);
  const repeats = rowsOf(units, ({ unit }) => unit.repeats);
  const mappings = rowsOf(units, ({ unit }) => unit.mappings);
  const lanes = rowsOf(units, ({ unit }) => (unit.lane === undefined ? [] : [unit.lane]));
  const publishers = lanes.flatMap(({ unit, row: { lane, publishers } }) => publishers.map((row) => ({ unit, lane, row })));
  const counts = publishers.flatMap(({ unit, row: { accepted, lost } }) => [
    ...Object.entries(accepted).map(([source, count]) => ({ unit, source, accepted: count, lost: 0 })),
    ...(lost === 0 ? [] : [{ unit, source: '', accepted: 0, lost }]),
  ]);
  return [
    units.length, careful,
    ...columns(
      writes,
      ints(({ unit }) => unit),
      uuids(({ row }) => row.write.streamId),
      texts(({ row }) => row.write.streamType),
      bigints(({ row }) => expectation(row.write.expectedVersion)),
      texts(({ row }) => row.write.commandId),
      ints(({ row }) => row.events.length),
      ints(({ before }) => before),
    ),
    ...columns(
      events,
      ints(({ write }) => write),
      ints(({ nth }) => nth),
      uuids(({ row }) => row.id),
      texts(({ row }) => row.event.type),
      ints(({ row }) => row.event.schemaVersion),
      jsons(({ row }) => row.data),
      jsons(({ row }) => row.personal),
      jsons(({ row }) => row.metadata),
      timestamps(({ row }) => row.occurredAt),
    ),
    ...columns(
      outcomes,
      ints(({ unit }) => unit),
      uuids(({ row }) => row.id),
      texts(({ row }) => row.outcome),
      jsons(({ row }) => row.data),
      jsons(({ row }) => row.personal),
      jsons(({ row }) => row.metadata),
    ),
    ...columns(
      ledger,
      ints(({ unit }) => unit),
      texts(({ row: { row } }) => row.commandId),
      dates(({ row: { row } }) => row.day),
      texts(({ row: { row } }) => row.commandType),
      texts(({ row: { row } }) => row.provider),
      texts(({ row: { row } }) => row.source),
      texts(({ row: { row } }) => row.outcome),
      texts(({ row: { row } }) => row.reason),
      jsons(({ row: { errors } }) => errors),
      uuids(({ row: { row } }) => row.aggregateId),
      timestamps(({ row: { receivedAt } }) => receivedAt),
      jsons(({ row: { row } }) => row.payload),
    ),
    // Nearly always nothing of them waits: then there is nothing to tell.
    ...columns(
      ledger.some(({ row }) => row.entity !== null || row.nextAttemptAt !== null || row.row.attempts !== undefined) ? ledger : [],
      texts(({ row }) => row.entity),
      texts(({ row }) => row.externalId),
      timestamps(({ row }) => row.nextAttemptAt),
      ints(({ row: { row } }) => row.attempts ?? 0),
    ),
    ...columns(
      repeats,
      ints(({ unit }) => unit),
      texts(({ row }) => row.commandId),
      dates(({ row }) => ledgerDay(row.commandId)),
      ints(({ row }) => row.count),
    ),
    ...columns(
      mappings,
      ints(({ unit }) => unit),
      texts(({ row }) => row.source),
      texts(({ row }) => row.entity),
      texts(({ row }) => row.externalId),
      uuids(({ row }) => row.aggregateId),
      texts(({ row }) => row.linkedBy),
    ),
    ...columns(
      lanes,
      ints(({ unit }) => unit),
      texts(({ row }) => row.lane),
      bigints(({ row }) => row.epoch),
      texts(({ row }) => row.from?.incarnation ?? null),
      bigints(({ row }) => row.from?.sequence ?? null),
      texts(({ row }) => row.to.incarnation),
      bigints(({ row }) => row.to.sequence),
      bigints(({ row }) => row.pending),
    ),
    ...columns(
      publishers,
      ints(({ unit }) => unit),
      texts(({ lane }) => lane),
      texts(({ row }) => row.publisher),
      bigints(({ row }) => row.nextNumber),
    ),
    ...columns(
      counts,
      ints(({ unit }) => unit),
      texts(({ source }) => source),
      bigints(({ accepted }) => accepted),
      bigints(({ lost }) => lost),
    ),
    ...requestParameters(units),
  ];
}

function requestParameters(units: readonly PreparedUnit[]): (Buffer | null)[] {
  return [
    ...columns(
      rowsOf(units, ({ reads }) => reads),
      ints(({ unit }) => unit),
      texts(({ row: { row } }) => row.source),
      texts(({ row: { row } }) => row.entity),
      texts(({ row: { row } }) => row.externalId),
      texts(({ row: { row } }) => row.provider),
      texts(({ row: { row } }) => row.reason),
      ints(({ row }) => row.lane),
      texts(({ row: { row } }) => row.since),
      timestamps(({ row }) => row.notBefore),
    ),
    ...columns(
      rowsOf(units, ({ readings }) => readings),
      ints(({ unit }) => unit),
      texts(({ row: { row } }) => row.source),
      texts(({ row: { row } }) => row.entity),
      texts(({ row: { row } }) => row.externalId),
      texts(({ row }) => row.from),
    ),
    ...columns(
      rowsOf(units, ({ resettled }) => resettled),
      ints(({ unit }) => unit),
      texts(({ row: { row } }) => row.commandId),
      dates(({ row: { row } }) => row.day),
      texts(({ row: { row } }) => row.from),
      texts(({ row: { row } }) => row.outcome),
      texts(({ row: { row } }) => row.reason),
      jsons(({ row: { errors } }) => errors),
      uuids(({ row: { row } }) => row.aggregateId),
      jsons(({ row: { row } }) => row.payload),
      timestamps(({ row }) => row.nextAttemptAt),
      ints(({ row: { row } }) => row.attempts),
      texts(({ row: { row } }) => row.edited?.by ?? null),
      texts(({ row: { row } }) => row.edited?.reason ?? null),
    ),
    ...columns(
      rowsOf(units, ({ plans }) => plans),
      ints(({ unit }) => unit),
      uuids(({ row: { row } }) => row.id),
      jsons(({ row }) => row.json),
    ),
  ];
}

type Column<T> = (rows: readonly T[]) => Buffer;

/** An array for each column; nulls where there are no rows. */
function columns<T>(rows: readonly T[], ...all: readonly Column<T>[]): (Buffer | null)[] {
  return all.map((column) => (rows.length === 0 ? null : column(rows)));
}

const texts = <T>(pick: (row: T) => string | null): Column<T> => (rows) => textArray(rows.map(pick));
const jsons = <T>(pick: (row: T) => string | null): Column<T> => (rows) => jsonArray(rows.map(pick));
const uuids = <T>(pick: (row: T) => string | null): Column<T> => (rows) => uuidArray(rows.map(pick));
const dates = <T>(pick: (row: T) => string): Column<T> => (rows) => dateArray(rows.map(pick));
const ints = <T>(pick: (row: T) => number): Column<T> => (rows) => intArray(rows.map(pick));
const bigints = <T>(pick: (row: T) => number | null): Column<T> => (rows) => bigintArray(rows.map(pick));
const timestamps = <T>(pick: (row: T) => number | null): Column<T> => (rows) => timestampArray(rows.map(pick));

function rowsOf<T>(units: readonly PreparedUnit[], rows: (unit: PreparedUnit) => readonly T[]): { readonly unit: number; readonly row: T }[] {
  return units.flatMap((prepared, index) => rows(prepared).map((row) => ({ unit: index + 1, row })));
}
