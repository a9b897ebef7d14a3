import type { CommitResult, WriteResult } from '../event-store.ts';
import type { PreparedUnit } from '../prepared-unit.ts';
import { expectation } from './expected-versions.ts';

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
  readonly status: 'conflict' | 'mapping_conflict' | 'settled_meanwhile' | 'stale_lane' | 'done';
  /** Of the first write that conflicts, counted from 1 over the group; and the version that its stream is at. */
  readonly write: number | null;
  readonly actual: number | null;
  /** Of the first mapping that conflicts, counted from 1 over the group; and the aggregate that has the key. */
  readonly mapping: number | null;
  readonly aggregate: string | null;
  /** The first waiting row that does not wait as it should, counted from 1 over the group. */
  readonly settled: number | null;
}

/** Results in the order of the units. */
export function commitResults(units: readonly PreparedUnit[], answer: AppendAnswer): CommitResult[] {
  const refusals = new Map((answer.refused ?? []).map((refusal) => [refusal.unit, refusal]));
  const stored = writeResults(units, answer);
  let writes = 0;
  let mappings = 0;
  let resettled = 0;
  return units.map((prepared, index): CommitResult => {
    const first = { write: writes, mapping: mappings, settled: resettled };
    writes += prepared.writes.length;
    mappings += prepared.unit.mappings.length;
    resettled += prepared.resettled.length;
    const refusal = refusals.get(index + 1);
    if (refusal === undefined || refusal.status === 'done') return { status: 'committed', writes: stored.slice(first.write, writes) };
    return refusedResult(prepared, refusal, first);
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

/** `first`: how many writes, mappings and settled rows the units before have. */
function refusedResult({ unit, resettled }: PreparedUnit, refusal: Refusal, first: { write: number; mapping: number; settled: number }): CommitResult {
  const write = unit.writes[(refusal.write ?? 0) - 1 - first.write];
  const mapping = unit.mappings[(refusal.mapping ?? 0) - 1 - first.mapping];
  const settled = resettled[(refusal.settled ?? 0) - 1 - first.settled];
  if (refusal.status === 'stale_lane' && unit.lane !== undefined) return { status: 'stale_lane', lane: unit.lane.lane };
  if (refusal.status === 'settled_meanwhile' && settled !== undefined) return { status: 'settled_meanwhile', commandId: settled.row.commandId };
  if (refusal.status === 'mapping_conflict' && mapping !== undefined && refusal.aggregate !== null) {
    const { source, entity, externalId } = mapping;
    return { status: 'mapping_conflict', key: { source, entity, externalId }, aggregateId: refusal.aggregate };
  }
  if (refusal.status === 'conflict' && write !== undefined && refusal.actual !== null) {
    return { status: 'conflict', streamId: write.streamId, expected: write.expectedVersion, actual: refusal.actual };
  }
  throw new TypeError(`append_group refused a unit for what it does not have: ${JSON.stringify(refusal)}`);
}
