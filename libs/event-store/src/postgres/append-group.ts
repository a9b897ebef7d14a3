import type { ExpectedVersion } from '@clientele/contracts';
import type { CommitResult, WriteResult } from '../event-store.ts';
import { ledgerDay } from '../ledger-day.ts';
import { bigintArray, dateArray, intArray, jsonArray, textArray, timestampArray, uuidArray } from './binary-array.ts';
import type { PreparedUnit } from '../prepared-unit.ts';

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
const timestamps = <T>(pick: (row: T) => number): Column<T> => (rows) => timestampArray(rows.map(pick));

/** What `clientele.append_group` answers. */
export interface AppendAnswer {
  /** The newest position before. */
  readonly head: number;
  /** Where something was repeated or refused, or expected any version: what each write of the group got. */
  readonly writes?: {
    readonly first: readonly number[] | null;
    readonly last: readonly number[] | null;
    readonly version: readonly number[] | null;
    readonly repeated: readonly boolean[] | null;
  };
  /** The units that stored nothing. */
  readonly refused?: readonly Refusal[];
}

interface Refusal {
  readonly unit: number;
  readonly status: 'conflict' | 'mapping_conflict' | 'stale_lane' | 'done';
  /** Of the first write that conflicts, counted from 1 over the group; and the version that its stream is at. */
  readonly write: number | null;
  readonly actual: number | null;
  /** Of the first mapping that conflicts, counted from 1 over the group; and the aggregate that has the key. */
  readonly mapping: number | null;
  readonly aggregate: string | null;
}

/** Results in the order of the units. */
export function commitResults(units: readonly PreparedUnit[], answer: AppendAnswer): CommitResult[] {
  const refusals = new Map((answer.refused ?? []).map((refusal) => [refusal.unit, refusal]));
  const stored = writeResults(units, answer);
  let writes = 0;
  let mappings = 0;
  return units.map((prepared, index): CommitResult => {
    const [firstWrite, firstMapping] = [writes, mappings];
    writes += prepared.writes.length;
    mappings += prepared.unit.mappings.length;
    const refusal = refusals.get(index + 1);
    if (refusal === undefined || refusal.status === 'done') return { status: 'committed', writes: stored.slice(firstWrite, writes) };
    return refusedResult(prepared, refusal, firstWrite, firstMapping);
  });
}

/** Of all writes of the group. Where all went as it should, positions follow the head, and versions what was expected. */
function writeResults(units: readonly PreparedUnit[], { head, writes: told }: AppendAnswer): WriteResult[] {
  let position = head;
  return units.flatMap(({ writes }) => writes).map(({ write, events }, at) => {
    position += events.length;
    return {
      streamId: write.streamId,
      firstPosition: told?.first?.[at] ?? position - events.length + 1,
      lastPosition: told?.last?.[at] ?? position,
      version: told?.version?.[at] ?? expectation(write.expectedVersion) + events.length,
      repeated: told?.repeated?.[at] ?? false,
    };
  });
}

function refusedResult({ unit }: PreparedUnit, refusal: Refusal, firstWrite: number, firstMapping: number): CommitResult {
  const write = unit.writes[(refusal.write ?? 0) - 1 - firstWrite];
  const mapping = unit.mappings[(refusal.mapping ?? 0) - 1 - firstMapping];
  if (refusal.status === 'stale_lane' && unit.lane !== undefined) return { status: 'stale_lane', lane: unit.lane.lane };
  if (refusal.status === 'mapping_conflict' && mapping !== undefined && refusal.aggregate !== null) {
    const { source, entity, externalId } = mapping;
    return { status: 'mapping_conflict', key: { source, entity, externalId }, aggregateId: refusal.aggregate };
  }
  if (refusal.status === 'conflict' && write !== undefined && refusal.actual !== null) {
    return { status: 'conflict', streamId: write.streamId, expected: write.expectedVersion, actual: refusal.actual };
  }
  throw new TypeError(`append_group refused a unit for what it does not have: ${JSON.stringify(refusal)}`);
}

function expectation(expected: ExpectedVersion): number {
  if (typeof expected === 'number') return expected;
  return { none: 0, any: -1, exists: -2 }[expected];
}

/** Whether the versions after the writes are known beforehand; else the function has to look first. */
export function expectsVersions(units: readonly PreparedUnit[]): boolean {
  return units.every(({ unit }) => unit.writes.every(({ expectedVersion }) => expectation(expectedVersion) >= 0));
}

function rowsOf<T>(units: readonly PreparedUnit[], rows: (unit: PreparedUnit) => readonly T[]): { readonly unit: number; readonly row: T }[] {
  return units.flatMap((prepared, index) => rows(prepared).map((row) => ({ unit: index + 1, row })));
}
