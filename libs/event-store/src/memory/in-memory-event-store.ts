import { ConcurrencyError, decodeDomainEvent, logEntryFromRow, type EventLogRow, type LanePosition, type LogEntry, type StoredEvent } from '@clientele/contracts';
import { replay, type RecordState } from '@clientele/domain';
import { randomUUID } from 'node:crypto';
import {
  keyText, type CommitResult, type CommitUnit, type EventStore, type LaneAdvance, type LaneCheckpoint, type LaneStore, type LedgerRow,
  type LoadRequest, type LoadResult, type RecordStore, type StreamRead, type StreamWrite, type WriteResult,
} from '../event-store.ts';
import type { NewPlan } from '../plans.ts';
import { prepareUnit, type PreparedUnit, type PreparedWrite } from '../prepared-unit.ts';
import { MemoryLedger, type LedgerEdit } from './memory-ledger.ts';
import { MemoryReads, type WantedRead } from './memory-reads.ts';

interface Lane {
  epoch: number;
  position: LanePosition | null;
  readonly publishers: Map<string, number>;
}

/** The event store in a process's memory, for tests and trials: the same promises but the one of lasting. It keeps rows, as a table would. */
export class InMemoryEventStore implements EventStore, RecordStore, LaneStore {
  readonly #incarnation = randomUUID();
  readonly #log: EventLogRow[] = [];
  readonly #streams = new Map<string, EventLogRow[]>();
  readonly #results = new Map<string, WriteResult>();
  readonly #mappings = new Map<string, string>();
  readonly #ledger = new MemoryLedger();
  readonly #reads = new MemoryReads();
  readonly #plans = new Map<string, NewPlan>();
  readonly #lanes = new Map<string, Lane>();

  async append(writes: readonly StreamWrite[]): Promise<readonly WriteResult[]> {
    const [result] = await this.commit([{ writes, outcomes: [], ledger: [], repeats: [], mappings: [] }]);
    if (result?.status === 'committed') return result.writes;
    if (result?.status === 'conflict') throw new ConcurrencyError(result.streamId, result.expected, result.actual);
    throw new TypeError('an append without mappings and lane was refused for one of them');
  }

  async commit(units: readonly CommitUnit[]): Promise<readonly CommitResult[]> {
    const prepared = units.map(prepareUnit);
    await Promise.resolve();
    return prepared.map((unit) => this.#commitUnit(unit));
  }

  async load({ keys, commandIds, parked = [] }: LoadRequest): Promise<LoadResult> {
    const mapped = keys.flatMap((key): [string, string][] => {
      const id = this.#mappings.get(keyText(key));
      return id === undefined ? [] : [[keyText(key), id]];
    });
    const known = new Set(commandIds.filter((id) => this.#ledger.has(id)));
    return await Promise.resolve({ mappings: new Map(mapped), known, parked: this.#ledger.waiting(parked) });
  }

  async readStream(streamId: string, options: { afterVersion?: number; toVersion?: number; until?: Date } = {}): Promise<readonly StoredEvent[]> {
    const { afterVersion = 0, toVersion = Infinity, until } = options;
    return await Promise.resolve(this.#events(streamId)
      .filter((event) => event.version > afterVersion && event.version <= toVersion)
      .filter((event) => until === undefined || new Date(event.recordedAt) <= until));
  }

  async readStreams(reads: readonly StreamRead[]): Promise<ReadonlyMap<string, readonly StoredEvent[]>> {
    const found = reads.map(({ streamId, afterVersion }): [string, StoredEvent[]] =>
      [streamId, this.#events(streamId).filter(({ version }) => version > afterVersion)]);
    return await Promise.resolve(new Map(found.filter(([, events]) => events.length > 0)));
  }

  async readRecords(streamIds: readonly string[]): Promise<ReadonlyMap<string, RecordState>> {
    const streams = await this.readStreams(streamIds.map((streamId) => ({ streamId, afterVersion: 0 })));
    return new Map(Array.from(streams, ([id, events]) => [id, replay(events.map(decodeDomainEvent))]));
  }

  async readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]> {
    return await Promise.resolve(this.#log.slice(afterPosition, afterPosition + limit).map((row) => logEntryFromRow(row)));
  }

  async head(): Promise<{ incarnation: string; position: number }> {
    return await Promise.resolve({ incarnation: this.#incarnation, position: this.#log.length });
  }

  async laneCheckpoint(lane: string): Promise<LaneCheckpoint | null> {
    const known = this.#lanes.get(lane);
    return await Promise.resolve(known === undefined ? null : { ...known, publishers: new Map(known.publishers) });
  }

  /** What taking a lane's lease does: from now on a commit under another epoch is refused. @throws Error where a newer one was told. */
  fenceLane(lane: string, epoch: number): void {
    const known = this.#lanes.get(lane);
    if (known === undefined) this.#lanes.set(lane, { epoch, position: null, publishers: new Map() });
    else if (known.epoch > epoch) throw new Error(`lane ${lane} has a newer owner than epoch ${epoch}`);
    else known.epoch = epoch;
  }

  /** The ledger as it stands. */
  ledger(): readonly { readonly row: LedgerRow; readonly repeats: number }[] {
    return this.#ledger.lines();
  }

  /** Payloads that were replaced, oldest first. */
  edits(): readonly LedgerEdit[] {
    return [...this.#ledger.edits];
  }

  /** The reads that are wanted. */
  reads(): readonly WantedRead[] {
    return this.#reads.all();
  }

  /** The plans that were begun. */
  plans(): readonly NewPlan[] {
    return [...this.#plans.values()];
  }

  #commitUnit(prepared: PreparedUnit): CommitResult {
    const { unit } = prepared;
    const stored = unit.writes.map((write) => this.#results.get(resultKey(write)));
    const committed = (): CommitResult => ({
      status: 'committed', writes: stored.flatMap((result) => (result === undefined ? [] : [{ ...result, repeated: true }])),
    });
    const allStored = stored.every((result) => result !== undefined);
    if (unit.lane !== undefined && !this.#standsAt(unit.lane, unit.lane.from)) {
      return allStored && this.#standsAt(unit.lane, unit.lane.to) ? committed() : { status: 'stale_lane', lane: unit.lane.lane };
    }
    if (unit.lane === undefined && unit.writes.length > 0 && allStored) return committed();
    const moved = this.#ledger.moved(unit.resettled ?? []);
    if (moved !== undefined) return { status: 'settled_meanwhile', commandId: moved.commandId };
    const refusal = this.#mappingConflict(unit) ?? this.#conflict(unit, stored);
    if (refusal !== null) return refusal;
    const known = unit.ledger.find(({ commandId }) => this.#ledger.has(commandId));
    if (known !== undefined) throw new Error(`the ledger has a row of command ${known.commandId}`);
    return this.#store(prepared, stored);
  }

  #standsAt({ lane, epoch }: LaneAdvance, place: LanePosition | null): boolean {
    const known = this.#lanes.get(lane);
    return known !== undefined && known.epoch === epoch && known.position?.incarnation === place?.incarnation
      && known.position?.sequence === place?.sequence;
  }

  #mappingConflict({ mappings }: CommitUnit): CommitResult | null {
    for (const { source, entity, externalId, aggregateId } of mappings) {
      const key = { source, entity, externalId };
      const owner = this.#mappings.get(keyText(key));
      if (owner !== undefined && owner !== aggregateId) return { status: 'mapping_conflict', key, aggregateId: owner };
    }
    return null;
  }

  #conflict({ writes }: CommitUnit, stored: readonly (WriteResult | undefined)[]): CommitResult | null {
    for (const [index, { streamId, expectedVersion: expected }] of writes.entries()) {
      if (stored[index] !== undefined || expected === 'any') continue;
      const actual = this.#streams.get(streamId)?.length ?? 0;
      const asExpected = expected === 'exists' ? actual > 0 : actual === (expected === 'none' ? 0 : expected);
      if (!asExpected) return { status: 'conflict', streamId, expected, actual };
    }
    return null;
  }

  #store(prepared: PreparedUnit, stored: readonly (WriteResult | undefined)[]): CommitResult {
    const { unit, writes, outcomes } = prepared;
    const recordedAt = new Date();
    const results = writes.map((write, index) => {
      const before = stored[index];
      return before === undefined ? this.#storeWrite(write, recordedAt) : { ...before, repeated: true };
    });
    for (const { id, outcome, data, personal, metadata } of outcomes) {
      this.#log.push({
        position: this.#log.length + 1, id, kind: 'outcome', stream_id: null, stream_type: null, version: null, type: outcome, schema_version: 1,
        data, personal, metadata, occurred_at: null, recorded_at: recordedAt,
      });
    }
    for (const mapping of unit.mappings) this.#mappings.set(keyText(mapping), mapping.aggregateId);
    this.#ledger.store(prepared);
    this.#reads.ask(prepared.reads, recordedAt);
    this.#reads.answer(prepared.readings);
    for (const plan of unit.plans ?? []) if (!this.#plans.has(plan.id)) this.#plans.set(plan.id, plan);
    const lane = unit.lane === undefined ? undefined : this.#lanes.get(unit.lane.lane);
    if (lane !== undefined && unit.lane !== undefined) {
      lane.position = unit.lane.to;
      for (const { publisher, nextNumber } of unit.lane.publishers) lane.publishers.set(publisher, nextNumber);
    }
    return { status: 'committed', writes: results };
  }

  #storeWrite({ write, events }: PreparedWrite, recordedAt: Date): WriteResult {
    const stream = this.#streams.get(write.streamId) ?? [];
    this.#streams.set(write.streamId, stream);
    const firstPosition = this.#log.length + 1;
    for (const { id, event, data, personal, metadata, occurredAt } of events) {
      const row: EventLogRow = {
        position: this.#log.length + 1, id, kind: 'event', stream_id: write.streamId, stream_type: write.streamType, version: stream.length + 1,
        type: event.type, schema_version: event.schemaVersion, data, personal, metadata, occurred_at: new Date(occurredAt), recorded_at: recordedAt,
      };
      stream.push(row);
      this.#log.push(row);
    }
    const result = { streamId: write.streamId, firstPosition, lastPosition: this.#log.length, version: stream.length, repeated: false };
    this.#results.set(resultKey(write), result);
    return result;
  }

  #events(streamId: string): StoredEvent[] {
    return (this.#streams.get(streamId) ?? []).map((row) => logEntryFromRow(row)).filter((entry) => entry.kind === 'event');
  }
}

function resultKey({ commandId, streamId }: StreamWrite): string {
  return `${commandId}\n${streamId}`;
}
