import { UnavailableError } from '@clientele/contracts';
import type { CommitResult } from '../event-store.ts';
import type { PreparedUnit } from '../prepared-unit.ts';

export interface GroupLimits {
  /** Most units that go in one round trip (default 256). A unit that is larger than `maxBytes` goes alone. */
  readonly maxUnits: number;
  readonly maxBytes: number;
  /** What may wait while a group is under way; beyond it callers get UnavailableError. */
  readonly maxQueuedUnits: number;
  readonly maxQueuedBytes: number;
}

export const DEFAULT_LIMITS: GroupLimits = { maxUnits: 256, maxBytes: 8 << 20, maxQueuedUnits: 4096, maxQueuedBytes: 64 << 20 };

interface Waiting {
  readonly unit: PreparedUnit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

type RunGroup = (group: readonly PreparedUnit[]) => Promise<readonly CommitResult[]>;

/**
 * So many units are worth a second group beside the one that is under way: while the database stores the one, this process prepares the
 * other. Fewer wait for the next group, for two transactions cost more than one.
 */
const WORTH_A_GROUP = 16;

/**
 * Group commit: what is asked for while a group is under way is the next one. Two are under way where there is enough for both; the log
 * stores them one after the other.
 */
export class GroupCommitter {
  readonly #run: RunGroup;
  readonly #limits: GroupLimits;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #scheduled = false;
  /** Groups that are under way, their units, and what those touch. */
  #groups = 0;
  #underWay = 0;
  readonly #claimed = new Set<string>();
  #idle: (() => void)[] = [];

  constructor(run: RunGroup, limits: GroupLimits = DEFAULT_LIMITS) {
    this.#run = run;
    this.#limits = limits;
  }

  /** @throws UnavailableError where too much waits already, or the group could not be stored. */
  async commit(unit: PreparedUnit): Promise<CommitResult> {
    if (this.#queue.length >= this.#limits.maxQueuedUnits || this.#queuedBytes + unit.bytes > this.#limits.maxQueuedBytes + this.#limits.maxBytes) {
      throw new UnavailableError(`${this.#queue.length} units wait to be stored already`);
    }
    return await new Promise((resolve, reject) => {
      this.#queue.push({ unit, resolve, reject });
      this.#queuedBytes += unit.bytes;
      this.#start();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    if (this.#groups === 0 && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    if (this.#scheduled || !this.#mayBegin()) return;
    this.#scheduled = true;
    // Not at once: whoever asks in the same turn, such as those whose group has just come back, goes along.
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#mayBegin()) void this.#next();
    });
  }

  #mayBegin(): boolean {
    return this.#queue.length > 0 && (this.#groups === 0 || (this.#groups === 1 && this.#queue.length >= WORTH_A_GROUP));
  }

  async #next(): Promise<void> {
    const group = this.#cut();
    // All of it touches what is under way, whose end begins the next.
    if (group.length === 0) return;
    const claims = group.flatMap(({ unit }) => unit.claims);
    this.#groups += 1;
    this.#underWay += group.length;
    for (const claim of claims) this.#claimed.add(claim);
    this.#start();
    await this.#store(group);
    this.#groups -= 1;
    this.#underWay -= group.length;
    for (const claim of claims) this.#claimed.delete(claim);
    if (this.#queue.length > 0) this.#start();
    else if (this.#groups === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * The next group: units in their order, half of all where two groups are worth it. One that touches what an earlier one touches waits, and
   * what touches that one waits too, so that writes to a stream keep the order in which they were asked for.
   */
  #cut(): Waiting[] {
    const claimed = new Set(this.#claimed);
    const group: Waiting[] = [];
    const rest: Waiting[] = [];
    const all = this.#queue.length + this.#underWay;
    const most = Math.min(this.#limits.maxUnits, all >= 2 * WORTH_A_GROUP ? Math.ceil(all / 2) : all);
    let bytes = 0;
    let full = false;
    for (const waiting of this.#queue) {
      const { claims } = waiting.unit;
      full ||= group.length >= most || (group.length > 0 && bytes + waiting.unit.bytes > this.#limits.maxBytes);
      const free = !full && claims.every((claim) => !claimed.has(claim));
      if (!full) for (const claim of claims) claimed.add(claim);
      (free ? group : rest).push(waiting);
      if (free) bytes += waiting.unit.bytes;
    }
    this.#queue = rest;
    this.#queuedBytes -= bytes;
    return group;
  }

  async #store(group: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.#run(group.map(({ unit }) => unit));
      group.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new TypeError('a unit without a result'));
        else resolve(result);
      });
    } catch (error) {
      // A bug in one unit must not drop the others: alone, each shows whose it is.
      if (error instanceof UnavailableError || group.length === 1) for (const { reject } of group) reject(error);
      else for (const waiting of group) await this.#store([waiting]);
    }
  }
}
