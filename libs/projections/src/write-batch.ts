import { noFault, type FaultPoint, type FeedBatch, type LogEntry } from '@clientele/contracts';
import type { ClientBase, Pool } from 'pg';
import { applySingly, applyTogether, type KeyedEntry } from './apply-entries.ts';
import { advanceCheckpoints, resetCheckpoint, viewText, type Checkpoint } from './checkpoints.ts';
import { FeedHoleError, isOfTheEntry, MovedCheckpointError } from './errors.ts';
import { countWaiting, forgetParkedRows, parkRows, type ParkedRow } from './parked-rows.ts';
import type { Projection } from './projection.ts';

/** A view as the process that writes it knows it. */
export interface Member {
  readonly projection: Projection<unknown>;
  readonly checkpoint: Checkpoint;
  readonly parkedKeys: ReadonlySet<string>;
}

/** What a batch did to one view. */
export interface Written {
  readonly member: Member;
  readonly applied: number;
  /** Entries for rows that were parked before. */
  readonly waiting: number;
  readonly parked: readonly ParkedRow[];
  /** How long loading, applying and saving took. */
  readonly seconds: number;
}

export interface BatchWriterOptions {
  readonly pool: Pool;
  /** Channel on which each commit is told. */
  readonly channel: string;
  /** Throws to refuse what would be committed. */
  readonly allow: (written: readonly Written[]) => void;
  readonly faultPoint?: FaultPoint;
}

const BEGIN = 'begin; set local synchronous_commit = off; set local enable_seqscan = off; set local plan_cache_mode = force_generic_plan';

/** Writes a batch into several views and moves their checkpoints, in one transaction of the read database. */
export class BatchWriter {
  readonly #options: BatchWriterOptions;
  readonly #fault: FaultPoint;

  constructor(options: BatchWriterOptions) {
    this.#options = options;
    this.#fault = options.faultPoint ?? noFault;
  }

  /**
   * Each view takes the entries behind its own checkpoint. A batch that fails for one of its entries is written again entry by entry,
   * and only rows of entries that fail are left out.
   * @throws MovedCheckpointError, FeedHoleError, and whatever the database throws; nothing is committed then, unless the commit's answer was lost.
   */
  async write(members: readonly Member[], batch: FeedBatch): Promise<readonly Written[]> {
    const work = members.map((member) => ({ member, fresh: freshEntries(member.checkpoint, batch.entries) })).filter(({ fresh }) => fresh.length > 0);
    if (work.length === 0) return [];
    try {
      return await this.#commit(work, batch, 'together');
    } catch (error) {
      if (!isOfTheEntry(error)) throw error;
      return await this.#commit(work, batch, 'singly');
    }
  }

  /** Empties a view and sets its checkpoint before the first entry. */
  async reset({ projection, checkpoint }: Member): Promise<void> {
    await this.#transaction(async (db) => {
      if (!(await resetCheckpoint(db, checkpoint))) throw new MovedCheckpointError(`the checkpoint of ${viewText(checkpoint)} is not where it was left`);
      this.#fault('projection.reset');
      await projection.clear(db);
      await forgetParkedRows(db, checkpoint);
      this.#fault('projection.cleared');
    });
  }

  async #commit(work: readonly Work[], batch: FeedBatch, how: 'together' | 'singly'): Promise<readonly Written[]> {
    const last = batch.entries.at(-1);
    if (last === undefined) return [];
    return await this.#transaction(async (db) => {
      const moved = await advanceCheckpoints(db, {
        from: work.map(({ member }) => member.checkpoint),
        incarnation: batch.incarnation,
        position: last.position,
        recordedAt: last.recordedAt,
        channel: this.#options.channel,
      });
      if (!moved) throw new MovedCheckpointError(`a checkpoint is not where it was left: ${work.map(({ member }) => viewText(member.checkpoint)).join(', ')}`);
      this.#fault('projection.advanced');
      const written: Written[] = [];
      for (const { member, fresh } of work) {
        written.push(await this.#apply(db, member, fresh, { incarnation: batch.incarnation, position: last.position }, how));
        this.#fault(`projection.${member.projection.name}.written`);
      }
      this.#options.allow(written);
      return written;
    });
  }

  async #apply(db: ClientBase, member: Member, fresh: readonly LogEntry[], to: { incarnation: string; position: number }, how: 'together' | 'singly'): Promise<Written> {
    const { projection, checkpoint, parkedKeys } = member;
    const started = performance.now();
    const keyed = fresh.flatMap((entry): KeyedEntry[] => {
      const key = projection.keyOf(entry);
      return key === null ? [] : [{ key, entry }];
    });
    const standing = keyed.filter(({ key }) => parkedKeys.has(key));
    const live = standing.length === 0 ? keyed : keyed.filter(({ key }) => !parkedKeys.has(key));
    const { parked, waiting } = how === 'singly' ? await applySingly(projection, db, live) : { parked: [], waiting: [] };
    if (how === 'together') await applyTogether(projection, db, live);
    if (parked.length > 0) await parkRows(db, checkpoint, parked);
    const missed = [...standing, ...waiting];
    if (missed.length > 0) await countWaiting(db, checkpoint, missed.map(({ key, entry }) => ({ key, position: entry.position })));
    return {
      member: {
        projection,
        checkpoint: { ...checkpoint, ...to },
        parkedKeys: parked.length === 0 ? parkedKeys : new Set([...parkedKeys, ...parked.map(({ key }) => key)]),
      },
      applied: live.length - parked.length - waiting.length,
      waiting: missed.length,
      parked,
      seconds: (performance.now() - started) / 1000,
    };
  }

  /**
   * Nothing here needs the disk's word: what a crash of the server takes back, it takes back with its checkpoint. Rows are had by their keys
   * whatever the size of a view, so plans are made once and kept; one that was made while the view was empty must not be to read all of it.
   */
  async #transaction<T>(run: (db: ClientBase) => Promise<T>): Promise<T> {
    const db = await this.#options.pool.connect();
    let broken = true;
    try {
      await db.query(BEGIN);
      this.#fault('projection.begun');
      let result: T;
      try {
        result = await run(db);
      } catch (error) {
        broken = await rollbackFails(db);
        throw error;
      }
      this.#fault('projection.before-commit');
      await db.query('commit');
      broken = false;
      this.#fault('projection.committed');
      return result;
    } finally {
      db.release(broken);
    }
  }
}

/** A connection on which not even that works is given up; the error that led here says more than the one that this makes. */
async function rollbackFails(db: ClientBase): Promise<boolean> {
  return await db.query('rollback').then(() => false, () => true);
}

interface Work {
  readonly member: Member;
  readonly fresh: readonly LogEntry[];
}

/** @throws FeedHoleError where the entries do not follow the checkpoint, or one another, without a hole. */
function freshEntries({ position, ...view }: Checkpoint, entries: readonly LogEntry[]): readonly LogEntry[] {
  const fresh = entries.filter((entry) => entry.position > position);
  fresh.forEach((entry, index) => {
    if (entry.position !== position + 1 + index) {
      throw new FeedHoleError(`${viewText(view)} is at ${position + index}, and the feed goes on at ${entry.position}`);
    }
  });
  return fresh;
}
