import { TooManyParkedError } from './errors.ts';
import type { Written } from './write-batch.ts';

const WINDOW = 1_000;
const MOST_PARKED = 50;

/** Lets at most 5 % of the entries park their rows, reckoned over windows of 1,000: beyond, not the entries are bad but this code. */
export class ParkingLimit {
  readonly #windows = new Map<string, { entries: number; parked: number }>();

  /** @throws TooManyParkedError when the commit of these would go beyond. */
  check(written: readonly Written[]): void {
    for (const { member, parked } of written) {
      const sum = (this.#windows.get(member.projection.name)?.parked ?? 0) + parked.length;
      if (sum > MOST_PARKED) throw new TooManyParkedError(`${sum} of at most ${WINDOW} entries cannot be applied to ${member.projection.name}; the last: ${parked.at(-1)?.reason ?? ''}`);
    }
  }

  /** Counts what was committed. */
  count(written: readonly Written[]): void {
    for (const { member, applied, parked } of written) {
      const before = this.#windows.get(member.projection.name) ?? { entries: 0, parked: 0 };
      const after = { entries: before.entries + applied + parked.length, parked: before.parked + parked.length };
      this.#windows.set(member.projection.name, after.entries >= WINDOW ? { entries: 0, parked: 0 } : after);
    }
  }
}
