import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Logger } from '../logging.ts';
import { HeldLease } from './held-lease.ts';
import { planLeases } from './lease-plan.ts';
import { LeaseTable, type Fence } from './lease-table.ts';

export type { Fence } from './lease-table.ts';

/** A right to be the only one, until `signal` aborts. */
export interface Lease {
  readonly name: string;
  /** Rises at each acquisition; what is committed under an older one must be refused (see `fence`). */
  readonly epoch: number;
  /** Aborts when the lease is to be given back, is lost, or cannot be proved to be ours any longer. */
  readonly signal: AbortSignal;
}

export interface LeaseKeeperOptions {
  readonly pool: Pool;
  /** Members of one group share the names among them. */
  readonly group: string;
  readonly names: readonly string[];
  /** A UUID; drawn by default. */
  readonly member?: string;
  /** How long a lease lives without renewal (default 5 s); renewed, and looked for, every third of it. */
  readonly ttlMs?: number;
  /** Writes the new epoch where it guards the work, in the transaction that takes the lease. */
  readonly fence?: Fence;
  /**
   * The work under a lease. It returns once nothing of it is under way, soon after `signal` aborts. To return or throw before that gives
   * the lease back, to another member if there is one.
   */
  readonly hold: (lease: Lease) => Promise<void>;
  readonly logger: Logger;
}

/** How long a member leaves a lease alone that its own work failed under: others, who may take it after one, come first. */
const SHUN_FOR_TTLS = 3;

/**
 * Keeps this member's fair share of a group's leases: takes free ones, gives back when others lack, hands over at once when stopped.
 * A member that dies is followed within ttl and a third. One whose renewals fail, or that was frozen, aborts by its own monotonic clock
 * before the database would let another one in; the epoch guards what that clock cannot.
 */
export class LeaseKeeper {
  readonly #table: LeaseTable;
  readonly #options: LeaseKeeperOptions;
  readonly #member: string;
  readonly #ttlMs: number;
  readonly #leases = new Map<string, HeldLease>();
  /** Names whose work failed here -> monotonic time before which others should have the chance. */
  readonly #shunned = new Map<string, number>();
  #timer: NodeJS.Timeout | null = null;
  #turn: Promise<void> = Promise.resolve();
  #prepared = false;
  #stopping = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#member = options.member ?? randomUUID();
    this.#ttlMs = options.ttlMs ?? 5_000;
    this.#table = new LeaseTable(options.pool, { group: options.group, names: options.names, member: this.#member, ttlMs: this.#ttlMs });
  }

  /** Takes the first turn; a database that is away is tried again at the next. */
  async start(): Promise<void> {
    this.#turn = this.#takeTurn();
    await this.#turn;
  }

  /** The leases that this member works under now. */
  held(): Lease[] {
    return [...this.#leases.values()].filter(({ signal }) => !signal.aborted);
  }

  /** Ends all work and gives every lease back at once; resolves when that is done. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const lease of this.#leases.values()) lease.end('stopping');
    await this.#turn;
    for (const lease of this.#leases.values()) lease.end('stopping');
    await Promise.all([...this.#leases.values()].map((lease) => lease.done));
    await this.#try('leave', () => this.#table.leave());
  }

  async #takeTurn(): Promise<void> {
    await this.#try('turn', () => this.#share());
    if (this.#stopping) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#takeTurn();
    }, this.#ttlMs / 3);
  }

  async #share(): Promise<void> {
    await this.#renew();
    if (!this.#prepared) await this.#table.prepare();
    this.#prepared = true;
    await this.#table.announce();
    const { members, leases } = await this.#table.view();
    const plan = planLeases(this.#member, members, leases);
    this.#giveBack(plan.giveBack);
    let lacking = plan.takeAtMost;
    for (const { name, abandoned } of plan.free) {
      if (this.#stopping || (lacking <= 0 && !abandoned)) continue;
      if (this.#mayTake(name) && (await this.#acquire(name))) lacking -= 1;
    }
  }

  /** Those that are ending already count first; then the oldest, so that one taken over from a member that failed on it is kept. */
  #giveBack(count: number): void {
    const leases = [...this.#leases.values()].sort((a, b) => Number(b.signal.aborted) - Number(a.signal.aborted));
    for (const lease of leases.slice(0, count)) lease.end('another member should have it');
  }

  async #renew(): Promise<void> {
    const asked = performance.now();
    const held = [...this.#leases.values()];
    const ours = await this.#table.renew(held);
    for (const lease of held) {
      if (ours.has(lease.name)) lease.provedUntil(asked + this.#ttlMs);
      else lease.end('lost: another member took it');
    }
  }

  #mayTake(name: string): boolean {
    return !this.#leases.has(name) && (this.#shunned.get(name) ?? 0) <= performance.now();
  }

  async #acquire(name: string): Promise<boolean> {
    const asked = performance.now();
    const epoch = await this.#table.acquire(name, this.#options.fence ?? (() => Promise.resolve()));
    if (epoch === null) return false;
    const { logger, group } = this.#options;
    logger.info({ group, lease: name, epoch }, 'lease taken');
    const lease = new HeldLease(name, epoch, asked + this.#ttlMs, (reason) => {
      logger.info({ group, lease: name, epoch, reason }, 'lease ends');
    });
    this.#leases.set(name, lease);
    lease.done = this.#work(lease);
    return true;
  }

  async #work(lease: HeldLease): Promise<void> {
    try {
      await this.#options.hold(lease);
    } catch (error) {
      this.#options.logger.error({ err: error, lease: lease.name, epoch: lease.epoch }, 'work under a lease failed');
    }
    if (!lease.signal.aborted) this.#shunned.set(lease.name, performance.now() + SHUN_FOR_TTLS * this.#ttlMs);
    lease.end('its work ended');
    await this.#try('release', () => this.#table.release(lease.name, lease.epoch));
    this.#leases.delete(lease.name);
  }

  /** A database that is away is no reason to fall: leases end by the clock, and the next turn tries again. */
  async #try(what: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#options.logger.warn({ err: error, group: this.#options.group, what }, 'leases: database not reached');
    }
  }
}
