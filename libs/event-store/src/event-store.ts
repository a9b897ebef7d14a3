import type { Command, EventMetadata, EventWriteDTO, ExpectedVersion, Finding, LanePosition, LogEntry, Outcome, StoredEvent } from '@clientele/contracts';
import type { EventType, JsonObject, RecordKey, RecordState } from '@clientele/domain';
import type { NewPlan } from './plans.ts';
import type { AskedRead, TakenReading } from './reads.ts';
import type { Resettlement, WaitingCommand } from './waiting-work.ts';

/** An event about to be stored; id, version, position and recorded time are given by the store. */
export interface NewEvent {
  readonly type: EventType;
  readonly schemaVersion: number;
  readonly data: JsonObject;
  /** The part of the event's data that is personal: kept in a column of its own, merged back on reading. */
  readonly personal: JsonObject | null;
  readonly metadata: EventMetadata;
  /** RFC 3339. */
  readonly occurredAt: string;
}

export interface StreamWrite {
  readonly streamId: string;
  readonly streamType: string;
  readonly expectedVersion: ExpectedVersion;
  /** With the stream it makes the write idempotent for 15 days: a repeat gets the first positions and stores nothing. */
  readonly commandId: string;
  readonly events: readonly NewEvent[];
}

export interface NewMapping extends RecordKey {
  readonly aggregateId: string;
  /** The command that made the link. */
  readonly linkedBy: string;
}

/** The row that every command leaves: the index of change ids, and what became of them. */
export interface LedgerRow {
  readonly commandId: string;
  readonly commandType: Command['type'] | 'unreadable';
  /** UTC day of the change, `YYYY-MM-DD`, from the id: the ledger's partition key. */
  readonly day: string;
  readonly provider: string;
  readonly source: string | null;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly errors: readonly Finding[];
  readonly aggregateId: string | null;
  readonly receivedAt: string;
  /** The whole command as JSON text, for work that a person or a later version takes up again: parked and quarantined only. */
  readonly payload: string | null;
  /** The record that it is about, for lists of waiting work: told for parked and quarantined commands. */
  readonly entity?: string | null;
  readonly externalId?: string | null;
  /** RFC 3339: when a parked command is due to be taken up by itself; null or absent: not by itself. */
  readonly nextAttemptAt?: string | null;
  /** How often it was taken up again (default 0). */
  readonly attempts?: number;
}

/** A log entry for a change that made no event. */
export interface NewOutcome {
  readonly changeId: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly aggregateId: string | null;
  readonly event: EventWriteDTO | null;
  readonly correlationId: string;
  readonly provider: string;
  readonly source: string | null;
  readonly receivedAt: string;
}

/** Changes of one publisher that this batch brings: what the accounting counts as accepted. */
export interface PublisherAdvance {
  readonly publisher: string;
  /** The number of the first change of the publisher that has not been counted after this batch. */
  readonly nextNumber: number;
  /** Newly counted changes by source ('' where it could not be read). */
  readonly accepted: Readonly<Record<string, number>>;
  /** Numbers that were skipped. */
  readonly lost: number;
}

/** Moves a lane's checkpoint, in the transaction of what was decided from it. */
export interface LaneAdvance {
  readonly lane: string;
  /** The lease's epoch; with another one in the row the unit is dropped as `stale_lane`. */
  readonly epoch: number;
  readonly from: LanePosition | null;
  readonly to: LanePosition;
  readonly publishers: readonly PublisherAdvance[];
  /** Messages still behind the new checkpoint, as far as known. */
  readonly pending: number;
}

/** What commits or drops together. */
export interface CommitUnit {
  readonly writes: readonly StreamWrite[];
  readonly outcomes: readonly NewOutcome[];
  readonly ledger: readonly LedgerRow[];
  /** Change ids that were seen again, with how often. Their rows exist. */
  readonly repeats: readonly { readonly commandId: string; readonly count: number }[];
  readonly mappings: readonly NewMapping[];
  readonly lane?: LaneAdvance;
  /** Reads that are wanted from the provider. */
  readonly reads?: readonly AskedRead[];
  /** Reads that were decided: they close what was asked for before them. */
  readonly readings?: readonly TakenReading[];
  /** Waiting rows that move. */
  readonly resettled?: readonly Resettlement[];
  /** Long work to begin. */
  readonly plans?: readonly NewPlan[];
}

export interface WriteResult {
  readonly streamId: string;
  readonly firstPosition: number;
  readonly lastPosition: number;
  /** The stream's version after the write. */
  readonly version: number;
  /** True for the repeat of a write that was stored before. */
  readonly repeated: boolean;
}

export type CommitResult =
  | { readonly status: 'committed'; readonly writes: readonly WriteResult[] }
  | { readonly status: 'conflict'; readonly streamId: string; readonly expected: ExpectedVersion; readonly actual: number }
  | { readonly status: 'mapping_conflict'; readonly key: RecordKey; readonly aggregateId: string }
  | { readonly status: 'stale_lane'; readonly lane: string }
  /** The row of this command waits no longer as `resettled` says: look again, and decide without it. */
  | { readonly status: 'settled_meanwhile'; readonly commandId: string };

/** What the pipeline knows before it decides. */
export interface LoadRequest {
  readonly keys: readonly RecordKey[];
  readonly commandIds: readonly string[];
  /** Commands that may be parked or quarantined, whose payloads are wanted. */
  readonly parked?: readonly string[];
}

export interface LoadResult {
  /** Aggregate ids of the keys that are mapped, by `keyText`. */
  readonly mappings: ReadonlyMap<string, string>;
  /** Command ids that have their ledger row. */
  readonly known: ReadonlySet<string>;
  /** Of those asked for as `parked`, by command id, the ones that wait. */
  readonly parked: ReadonlyMap<string, WaitingCommand>;
}

/** How a key stands in a map. */
export function keyText(key: RecordKey): string {
  return `${key.source}\n${key.entity}\n${key.externalId}`;
}

export interface StreamRead {
  readonly streamId: string;
  /** Exclusive; 0 reads from the first event. */
  readonly afterVersion: number;
}

/** The one place where facts are kept. Every method throws UnavailableError when the database is away, slow or locked for too long. */
export interface EventStore {
  /**
   * Stores the writes, all or none, in one round trip shared with whoever appends at the same moment.
   * @throws ConcurrencyError for the first stream that was not at its expected version.
   */
  append(writes: readonly StreamWrite[]): Promise<readonly WriteResult[]>;
  /** Commits each unit whole or not at all; one unit's conflict does not touch the others. Results in the order of the units. */
  commit(units: readonly CommitUnit[]): Promise<readonly CommitResult[]>;
  /** What is known of these keys and commands, in one round trip; payloads of waiting commands in another. */
  load(request: LoadRequest): Promise<LoadResult>;
  /** Events of one stream, versions rising, upcast to the newest schema. */
  readStream(streamId: string, options?: { afterVersion?: number; toVersion?: number; until?: Date }): Promise<readonly StoredEvent[]>;
  /** Many streams in one round trip; streams without newer events are absent. */
  readStreams(reads: readonly StreamRead[]): Promise<ReadonlyMap<string, readonly StoredEvent[]>>;
  /** Log entries after a position, in order, without a hole; fewer than `limit`, but one at least, where they are large. */
  readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]>;
  /** The log's incarnation and newest position. */
  head(): Promise<{ incarnation: string; position: number }>;
}

/** The records that the streams tell of. */
export interface RecordStore {
  /**
   * Each record as its stream's events make it, in one round trip, however long the stream is; a stream without events is absent.
   * @throws UnavailableError
   */
  readRecords(streamIds: readonly string[]): Promise<ReadonlyMap<string, RecordState>>;
}

/** Where a lane stands. */
export interface LaneCheckpoint {
  /** Of the lease that may move it. */
  readonly epoch: number;
  /** Null before the lane's first message. */
  readonly position: LanePosition | null;
  /** Publisher -> the number of its first change that has not been counted. */
  readonly publishers: ReadonlyMap<string, number>;
}

/** Beside the events: the lanes that they are decided from. */
export interface LaneStore {
  /** Null for a lane that never had an owner. @throws UnavailableError */
  laneCheckpoint(lane: string): Promise<LaneCheckpoint | null>;
}
