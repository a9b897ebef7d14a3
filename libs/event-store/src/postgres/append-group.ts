import type { ExpectedVersion } from '@clientele/contracts';
import type { CommitResult, WriteResult } from '../event-store.ts';
import { ledgerDay } from '../ledger-day.ts';
import { bigintArray, dateArray, intArray, jsonArray, textArray, timestampArray, uuidArray } from './binary-array.ts';
import type { PreparedUnit, PreparedWrite } from '../prepared-unit.ts';

/** Parameters of `clientele.append_group`, after its first, in its order. */
export function appendParameters(units: readonly PreparedUnit[]): unknown[] {
  const writes = rowsOf(units, ({ writes }) => writes);
  const events = writes.flatMap(({ row }, write) => row.events.map((event, nth) => ({ write: write + 1, nth: nth + 1, to: row.write, row: event })));
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
    units.length,
    intArray(writes.map(({ unit }) => unit)),
    uuidArray(writes.map(({ row }) => row.write.streamId)),
    textArray(writes.map(({ row }) => row.write.streamType)),
    bigintArray(writes.map(({ row }) => expectation(row.write.expectedVersion))),
    textArray(writes.map(({ row }) => row.write.commandId)),
    intArray(writes.map(({ row }) => row.events.length)),
    intArray(countsBefore(writes)),

    intArray(events.map(({ write }) => write)),
    uuidArray(events.map(({ to }) => to.streamId)),
    textArray(events.map(({ to }) => to.streamType)),
    intArray(events.map(({ nth }) => nth)),
    uuidArray(events.map(({ row }) => row.id)),
    textArray(events.map(({ row }) => row.event.type)),
    intArray(events.map(({ row }) => row.event.schemaVersion)),
    jsonArray(events.map(({ row }) => row.data)),
    jsonArray(events.map(({ row }) => row.personal)),
    jsonArray(events.map(({ row }) => row.metadata)),
    timestampArray(events.map(({ row }) => row.occurredAt)),

    intArray(outcomes.map(({ unit }) => unit)),
    uuidArray(outcomes.map(({ row }) => row.id)),
    textArray(outcomes.map(({ row }) => row.outcome)),
    jsonArray(outcomes.map(({ row }) => row.data)),
    jsonArray(outcomes.map(({ row }) => row.personal)),
    jsonArray(outcomes.map(({ row }) => row.metadata)),

    intArray(ledger.map(({ unit }) => unit)),
    textArray(ledger.map(({ row: { row } }) => row.commandId)),
    dateArray(ledger.map(({ row: { row } }) => row.day)),
    textArray(ledger.map(({ row: { row } }) => row.commandType)),
    textArray(ledger.map(({ row: { row } }) => row.provider)),
    textArray(ledger.map(({ row: { row } }) => row.source)),
    textArray(ledger.map(({ row: { row } }) => row.outcome)),
    textArray(ledger.map(({ row: { row } }) => row.reason)),
    jsonArray(ledger.map(({ row: { errors } }) => errors)),
    uuidArray(ledger.map(({ row: { row } }) => row.aggregateId)),
    timestampArray(ledger.map(({ row: { receivedAt } }) => receivedAt)),
    jsonArray(ledger.map(({ row: { row } }) => row.payload)),

    intArray(repeats.map(({ unit }) => unit)),
    textArray(repeats.map(({ row }) => row.commandId)),
    dateArray(repeats.map(({ row }) => ledgerDay(row.commandId))),
    intArray(repeats.map(({ row }) => row.count)),

    intArray(mappings.map(({ unit }) => unit)),
    textArray(mappings.map(({ row }) => row.source)),
    textArray(mappings.map(({ row }) => row.entity)),
    textArray(mappings.map(({ row }) => row.externalId)),
    uuidArray(mappings.map(({ row }) => row.aggregateId)),
    textArray(mappings.map(({ row }) => row.linkedBy)),

    intArray(lanes.map(({ unit }) => unit)),
    textArray(lanes.map(({ row }) => row.lane)),
    bigintArray(lanes.map(({ row }) => row.epoch)),
    textArray(lanes.map(({ row }) => row.from?.incarnation ?? null)),
    bigintArray(lanes.map(({ row }) => row.from?.sequence ?? null)),
    textArray(lanes.map(({ row }) => row.to.incarnation)),
    bigintArray(lanes.map(({ row }) => row.to.sequence)),
    bigintArray(lanes.map(({ row }) => row.pending)),

    intArray(publishers.map(({ unit }) => unit)),
    textArray(publishers.map(({ lane }) => lane)),
    textArray(publishers.map(({ row }) => row.publisher)),
    bigintArray(publishers.map(({ row }) => row.nextNumber)),

    intArray(counts.map(({ unit }) => unit)),
    textArray(counts.map(({ source }) => source)),
    bigintArray(counts.map(({ accepted }) => accepted)),
    bigintArray(counts.map(({ lost }) => lost)),
  ];
}

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

function countsBefore(writes: readonly { readonly row: PreparedWrite }[]): number[] {
  let sum = 0;
  return writes.map(({ row }) => (sum += row.events.length) - row.events.length);
}

function rowsOf<T>(units: readonly PreparedUnit[], rows: (unit: PreparedUnit) => readonly T[]): { readonly unit: number; readonly row: T }[] {
  return units.flatMap((prepared, index) => rows(prepared).map((row) => ({ unit: index + 1, row })));
}
