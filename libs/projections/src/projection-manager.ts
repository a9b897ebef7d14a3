import { setTimeout as delay } from 'node:timers/promises';
import { BehindRetentionError, type EventFeed, type FaultPoint, type FeedBatch, type FeedPosition } from '@clientele/contracts';
import type { ClientBase, Pool } from 'pg';
import { fenceCheckpoints, loadCheckpoints, viewText, type ViewId } from './checkpoints.ts';
import { FencedError } from './errors.ts';
import { loadParkedKeys } from './parked-rows.ts';
import { ParkingLimit } from './parking-limit.ts';
import { mayJoin, planGroups } from './plan-groups.ts';
import type { Projection } from './projection.ts';
import { readAhead } from './read-ahead.ts';
import { BatchWriter, type Member, type Written } from './write-batch.ts';

/** What the manager tells of its work, for metrics and logs. */
export interface ProjectionObserver {
  /** A batch was committed. `head`: the newest position that the feed knew of. */
  committed(written: readonly Written[], batch: { readonly entries: number; readonly head: number; readonly seconds: number }): void;
  /** A view is emptied, for the log is another one than it was made from. */
  rebuilding(view: ViewId, incarnation: string): void;
  /** Nothing was lost; the manager tries again from the checkpoints after `retryInMs`. */
  failed(error: unknown, retryInMs: number): void;
}

export interface ProjectionManagerOptions {
  /** Read database, as a role that may write the views. */
  readonly pool: Pool;
  /** Holds the log from its first entry on. */
  readonly feed: EventFeed;
  readonly projections: readonly Projection<unknown>[];
  /** Channel of the read database on which each commit is told: payload `{"<projection>":"<position>",…}`, of views that are served. */
  readonly channel: string;
  readonly observer: ProjectionObserver;
  /** Most entries in a transaction (default 500). */
  readonly maxEntries?: number;
  /** A view that is more entries than this behind the foremost reads by itself until it has caught up (default 10,000). */
  readonly aloneBehind?: number;
  readonly faultPoint?: FaultPoint;
}

const RETRY_MS = { first: 250, most: 15_000 };

/** Keeps views up with the log, while it holds the lease on them. */
export class ProjectionManager {
  readonly #options: ProjectionManagerOptions;
  readonly #writer: BatchWriter;
  readonly #limit = new ParkingLimit();
  #failures = 0;

  constructor(options: ProjectionManagerOptions) {
    this.#options = options;
    this.#writer = new BatchWriter({ pool: options.pool, channel: options.channel, allow: (written) => this.#limit.check(written), ...(options.faultPoint ? { faultPoint: options.faultPoint } : {}) });
  }

  /** Gives the checkpoints to the lease's new epoch; part of the transaction that takes the lease. */
  async fence(db: ClientBase, epoch: number): Promise<void> {
    await fenceCheckpoints(db, this.#options.projections, epoch);
  }

  /**
   * Works until `signal` aborts; resolves when no transaction of it is open. What fails is tried again from the checkpoints, with a
   * growing pause.
   * @throws FencedError when another has taken over.
   */
  async run({ epoch, signal }: { readonly epoch: number; readonly signal: AbortSignal }): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#round(epoch, signal);
      } catch (error) {
        if (error instanceof FencedError) throw error;
        const retryInMs = pause(this.#failures);
        this.#failures += 1;
        this.#options.observer.failed(error, retryInMs);
        await delay(retryInMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** One reading of the feed by each group of views. It ends when a view that was far behind can join the others, or anything fails. */
  async #round(epoch: number, signal: AbortSignal): Promise<void> {
    const { aloneBehind = 10_000 } = this.#options;
    const [foremost = [], ...behind] = planGroups(await this.#loadMembers(epoch), aloneBehind);
    const ending = new AbortController();
    const until = AbortSignal.any([signal, ending.signal]);
    let lead: readonly Member[] = foremost;
    const endingWith = async (reading: Promise<void>): Promise<void> => {
      try {
        await reading;
      } finally {
        ending.abort();
      }
    };
    const readings = [
      endingWith(this.#read(foremost, until, (members) => {
        lead = members;
        return true;
      })),
      ...behind.map((group) => endingWith(this.#read(group, until, (members) => !members.every((member) => lead[0] !== undefined && mayJoin(member, lead[0], aloneBehind))))),
    ];
    for (const result of await Promise.allSettled(readings)) if (result.status === 'rejected') throw result.reason;
  }

  /** Reads the feed into a group of views until `onCommit` says false. */
  async #read(group: readonly Member[], signal: AbortSignal, onCommit: (members: readonly Member[]) => boolean): Promise<void> {
    const { observer } = this.#options;
    const [hindmost] = group.toSorted((one, other) => one.checkpoint.position - other.checkpoint.position);
    if (hindmost === undefined) return;
    const { incarnation, position } = hindmost.checkpoint;
    let members = group;
    for await (const batch of readAhead((until) => this.#follow({ incarnation, position }, until), signal)) {
      if (signal.aborted) return;
      if (await this.#resetForeign(members, batch.incarnation)) return;
      const started = performance.now();
      const written = await this.#writer.write(members, batch);
      this.#failures = 0;
      this.#limit.count(written);
      members = members.map((member) => written.find((one) => one.member.projection === member.projection)?.member ?? member);
      observer.committed(written, { entries: batch.entries.length, head: batch.head, seconds: (performance.now() - started) / 1000 });
      if (!onCommit(members)) return;
    }
  }

  /** The feed behind a place. Where that is a place in another log, the feed's own first entry, which shows it. */
  async *#follow(after: FeedPosition, signal: AbortSignal): AsyncGenerator<FeedBatch, void, undefined> {
    const { feed, maxEntries = 500 } = this.#options;
    try {
      yield* feed.read(after, { signal, maxEntries });
    } catch (error) {
      if (!(error instanceof BehindRetentionError)) throw error;
      for await (const batch of feed.read({ incarnation: null, position: 0 }, { signal, maxEntries: 1 })) {
        if (batch.incarnation === after.incarnation || after.incarnation === null) throw error;
        yield batch;
        return;
      }
    }
  }

  /** Empties the views that were made from another log. They are read anew from the first entry on. */
  async #resetForeign(members: readonly Member[], incarnation: string): Promise<boolean> {
    const foreign = members.filter(({ checkpoint }) => checkpoint.incarnation !== null && checkpoint.incarnation !== incarnation);
    for (const member of foreign) {
      this.#options.observer.rebuilding(member.checkpoint, incarnation);
      await this.#writer.reset(member);
    }
    return foreign.length > 0;
  }

  async #loadMembers(epoch: number): Promise<Member[]> {
    const { pool, projections } = this.#options;
    const checkpoints = await loadCheckpoints(pool, projections);
    return await Promise.all(projections.map(async (projection): Promise<Member> => {
      const checkpoint = checkpoints.find(({ name, version }) => name === projection.name && version === projection.version);
      if (checkpoint?.epoch !== epoch) throw new FencedError(`the checkpoint of ${viewText(projection)} is not of epoch ${epoch}`);
      return { projection, checkpoint, parkedKeys: await loadParkedKeys(pool, projection) };
    }));
  }
}

/** Milliseconds, doubling, with jitter over the upper half. */
function pause(failures: number): number {
  const most = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** Math.min(failures, 10));
  return Math.round(most / 2 + Math.random() * (most / 2));
}
