import type { OrgLife } from './life/options.ts';
import type { OrgClock } from './org-clock.ts';
import type { Random } from './random.ts';

const NANOSECONDS = 1_000_000n;
/** Where older instances count. */
const OLD_GENERATION = 10_426_208_770_402n;

/** When transactions commit, and with which numbers. */
export class OrgTime {
  readonly #clock: OrgClock;
  readonly #startAt: bigint;
  readonly #life: OrgLife;
  #now: bigint;
  #oldNumber = OLD_GENERATION;

  /** @param random the one that the org's daily work is drawn from: one number of it is used here. */
  constructor(clock: OrgClock, startAt: number, random: Random, life: OrgLife) {
    this.#clock = clock;
    this.#life = life;
    this.#startAt = BigInt(startAt);
    this.#now = BigInt(startAt) * NANOSECONDS + BigInt(random.integer(1, 999_999_999));
  }

  /** Nanoseconds from one commit to the next: bursts within a second, a few units of the commit number apart, and long pauses. */
  pause(random: Random, chances: Random): bigint {
    const draw = random.next();
    const usual = draw < 0.4 ? random.integer(1, 200) : draw < 0.9 ? random.integer(1_000_000, 400_000_000) : random.integer(1, 30) * 1_000_000_000;
    return BigInt(this.#life.rush !== undefined && chances.chance(this.#life.rush) ? chances.integer(1, 10_000_000) : usual);
  }

  /** When the commit after the last one is due in a history, milliseconds, rounded down. */
  due(pause: bigint): number {
    return this.#clock.live ? Number.POSITIVE_INFINITY : Number((this.#now + pause) / NANOSECONDS);
  }

  /** Lets the next transaction commit. @returns its time, milliseconds, rounded up, and its stamp, in whole seconds. */
  commit(pause: bigint, chances: Random): { at: number; stamp: number } {
    const here = BigInt(Math.floor(this.#clock.now())) * NANOSECONDS + (pause % NANOSECONDS);
    this.#now = !this.#clock.live ? this.#now + pause : here > this.#now ? here : this.#now + 1n;
    const delay = this.#life.stampDelayMs === undefined ? 0n : BigInt(chances.integer(0, this.#life.stampDelayMs)) * NANOSECONDS;
    const stamp = Number((this.#now - delay) / (1000n * NANOSECONDS)) * 1000;
    return { at: Number((this.#now + NANOSECONDS - 1n) / NANOSECONDS), stamp };
  }

  /** Of the transaction that commits; close to nanoseconds since 1970 in the newer generation. Rises from one to the next. */
  commitNumber(older: boolean): bigint {
    if (!older) return this.#now;
    const position = OLD_GENERATION + this.#now / NANOSECONDS - this.#startAt;
    this.#oldNumber = position > this.#oldNumber ? position : this.#oldNumber + 1n;
    return this.#oldNumber;
  }
}
