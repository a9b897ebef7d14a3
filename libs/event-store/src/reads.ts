import type { ReadReason, RecordKey } from '@clientele/domain';

/** What reads share a budget of, the most urgent first. */
export const READ_LANES = ['live', 'gap', 'repair', 'reconciliation'] as const;
export type ReadLane = (typeof READ_LANES)[number];

const LANE_OF_REASON: Readonly<Record<ReadReason, ReadLane>> = {
  missing_create: 'live', window: 'live', after_deletion: 'live', diff: 'live', gap: 'gap', survivor: 'gap',
};
const LANES: ReadonlyMap<string, ReadLane> = new Map(Object.entries(LANE_OF_REASON));

/** The lane of a reason. What the domain does not ask for is a repair, or what begins with `reconciliation` that. */
export function readLane(reason: string): ReadLane {
  return LANES.get(reason) ?? (reason.startsWith('reconciliation') ? 'reconciliation' : 'repair');
}

/** Asks that a record be read at its provider. Several for one record become one: of the latest `since` and the most urgent lane. */
export interface AskedRead extends RecordKey {
  readonly provider: string;
  /** A `ReadReason` of the domain, or another cause. */
  readonly reason: string;
  /** A clock: a read that begins later than its time answers. */
  readonly since: string;
  /** RFC 3339: taken no sooner. */
  readonly notBefore: string;
}

/** A read of a record that was decided: it answers what was asked for with a `since` before `from`; what is later stays asked for. */
export interface TakenReading extends RecordKey {
  /** RFC 3339 with milliseconds: what it covers, the source's margin applied. */
  readonly from: string;
  readonly until: string;
}
