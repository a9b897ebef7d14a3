import { ConcurrencyError, noFault, type FaultPoint, type LogEntry, type StoredEvent } from '@clientele/contracts';
import type { RecordState } from '@clientele/domain';
import type pg from 'pg';
import {
  keyText, type CommitResult, type CommitUnit, type EventStore, type LaneCheckpoint, type LaneStore, type LoadRequest, type LoadResult,
  type RecordStore, type StreamRead, type StreamWrite, type WriteResult,
} from '../event-store.ts';
import { ledgerDay } from '../ledger-day.ts';
import { prepareUnit, type PreparedUnit } from '../prepared-unit.ts';
import { commitResults, type AppendAnswer } from './append-answer.ts';
import { appendParameters } from './append-parameters.ts';
import { dateArray, textArray } from './binary-array.ts';
import { isNotAsExpected, storeError } from './errors.ts';
import { readEntries, readHead } from './event-log.ts';
import { expectsVersions } from './expected-versions.ts';
import { DEFAULT_LIMITS, GroupCommitter, type GroupLimits } from './group-committer.ts';
import { readLaneCheckpoint } from './lane-state.ts';
import { readRecords } from './records.ts';
import { readStreamEvents } from './streams.ts';
import { loadWaiting } from './waiting-commands.ts';

export interface PostgresEventStoreOptions {
  /** Connections of `clientele_command`. They carry the statement timeout. The caller ends the pool. */
  readonly pool: pg.Pool;
  /** Called as `append.before` and `append.after`, around the one round trip of a group. */
  readonly fault?: FaultPoint;
  /** How long an append waits for another process's (default 2000 ms). */
  readonly lockTimeoutMs?: number;
  readonly limits?: Partial<GroupLimits>;
}

interface Known {
  readonly aggregate_ids: readonly (string | null)[] | null;
  readonly known: readonly boolean[] | null;
}

const APPEND = `select clientele.append_group($1, ${appendParameters([], false).map((_, n) => `$${n + 2}`).join()}) as answer`;
const LOAD = 'select aggregate_ids, known from clientele.load_known($1, $2, $3, $4, $5)';

/** The event store on PostgreSQL. */
export class PostgresEventStore implements EventStore, RecordStore, LaneStore {
  readonly #pool: pg.Pool;
  readonly #fault: FaultPoint;
  readonly #lockTimeoutMs: number;
  readonly #groups: GroupCommitter;

  constructor(options: PostgresEventStoreOptions) {
    this.#pool = options.pool;
    this.#fault = options.fault ?? noFault;
    this.#lockTimeoutMs = options.lockTimeoutMs ?? 2000;
    this.#groups = new GroupCommitter((group) => this.#appendGroup(group), { ...DEFAULT_LIMITS, ...options.limits });
  }

  async append(writes: readonly StreamWrite[]): Promise<readonly WriteResult[]> {
    const [result] = await this.commit([{ writes, outcomes: [], ledger: [], repeats: [], mappings: [] }]);
    if (result?.status === 'committed') return result.writes;
    if (result?.status === 'conflict') throw new ConcurrencyError(result.streamId, result.expected, result.actual);
    throw new TypeError('an append without mappings and lane was refused for one of them');
  }

  async commit(units: readonly CommitUnit[]): Promise<readonly CommitResult[]> {
    const prepared = units.map(prepareUnit);
    return await Promise.all(prepared.map((unit) => this.#groups.commit(unit)));
  }

  async load({ keys, commandIds, parked = [] }: LoadRequest): Promise<LoadResult> {
    const values = [
      textArray(keys.map(({ source }) => source)), textArray(keys.map(({ entity }) => entity)), textArray(keys.map(({ externalId }) => externalId)),
      textArray(commandIds), dateArray(commandIds.map(ledgerDay)),
    ];
    const [{ rows: [row] }, waiting] = await this.#guard('loading', () => Promise.all([
      this.#pool.query<Known>({ name: 'load_known', text: LOAD, values }), loadWaiting(this.#pool, parked),
    ]));
    const mapped = keys.flatMap((key, index): [string, string][] => {
      const id = row?.aggregate_ids?.[index];
      return id === undefined || id === null ? [] : [[keyText(key), id]];
    });
    return { mappings: new Map(mapped), known: new Set(commandIds.filter((_, index) => row?.known?.[index] === true)), parked: waiting };
  }

  async readStream(streamId: string, options: { afterVersion?: number; toVersion?: number; until?: Date } = {}): Promise<readonly StoredEvent[]> {
    const { afterVersion = 0, ...bounds } = options;
    return await this.#guard('reading a stream', () => readStreamEvents(this.#pool, [{ streamId, afterVersion }], bounds));
  }

  async readStreams(reads: readonly StreamRead[]): Promise<ReadonlyMap<string, readonly StoredEvent[]>> {
    const events = await this.#guard('reading streams', () => readStreamEvents(this.#pool, reads));
    const streams = new Map<string, StoredEvent[]>();
    for (const event of events) {
      const stream = streams.get(event.streamId);
      if (stream === undefined) streams.set(event.streamId, [event]);
      else stream.push(event);
    }
    return streams;
  }

  async readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]> {
    return await this.#guard('reading the log', () => readEntries(this.#pool, afterPosition, limit));
  }

  async head(): Promise<{ incarnation: string; position: number }> {
    return await this.#guard('reading the head', () => readHead(this.#pool));
  }

  async readRecords(streamIds: readonly string[]): Promise<ReadonlyMap<string, RecordState>> {
    return await this.#guard('reading records', () => readRecords(this.#pool, streamIds));
  }

  async laneCheckpoint(lane: string): Promise<LaneCheckpoint | null> {
    return await this.#guard('reading a checkpoint', () => readLaneCheckpoint(this.#pool, lane));
  }

  /** Resolves when everything that was asked for has its answer. */
  async drained(): Promise<void> {
    await this.#groups.drained();
  }

  async #appendGroup(group: readonly PreparedUnit[]): Promise<readonly CommitResult[]> {
    this.#fault('append.before');
    const answer = await this.#guard('an append', async () => {
      if (!expectsVersions(group)) return await this.#call(group, true);
      try {
        return await this.#call(group, false);
      } catch (error) {
        // Nothing of it was stored: a unit of the group is a repeat, or in conflict.
        if (!isNotAsExpected(error)) throw error;
        return await this.#call(group, true);
      }
    });
    this.#fault('append.after');
    return commitResults(group, answer);
  }

  async #call(group: readonly PreparedUnit[], careful: boolean): Promise<AppendAnswer> {
    const values = [this.#lockTimeoutMs, ...appendParameters(group, careful)];
    const { rows: [row] } = await this.#pool.query<{ answer: AppendAnswer }>({ name: 'append_group', text: APPEND, values });
    if (row === undefined) throw new TypeError('append_group gave no answer');
    return row.answer;
  }

  async #guard<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, doing);
    }
  }
}
