import type { LaneEnvelope } from '@clientele/contracts';
import type { PublisherAdvance } from '@clientele/event-store';

/** The pseudo-publisher of messages that are no envelopes; each counts as one change. */
export const NO_PUBLISHER = '';

/** What a lane has counted of each publisher: the number of the first change that has not come yet. */
export class PublisherNumbers {
  readonly #next: Map<string, number>;

  constructor(next: ReadonlyMap<string, number>) {
    this.#next = new Map(next);
  }

  /** Begins to count a batch. Nothing of it stands until `keep`. */
  count(): PublisherCount {
    return new PublisherCount(this.#next);
  }

  keep(count: PublisherCount): void {
    for (const { publisher, nextNumber } of count.advances()) this.#next.set(publisher, nextNumber);
  }
}

interface Counted {
  nextNumber: number;
  readonly accepted: Map<string, number>;
  lost: number;
}

/** The publishers' numbers of one batch. */
export class PublisherCount {
  readonly #before: ReadonlyMap<string, number>;
  readonly #counted = new Map<string, Counted>();

  constructor(before: ReadonlyMap<string, number>) {
    this.#before = before;
  }

  /**
   * Counts a message. Returns how many of its commands, from the front, were counted before: they were decided then and are not
   * again. Numbers that were skipped count as lost. `null`: a message that is no envelope, one change without a number.
   */
  take(envelope: Pick<LaneEnvelope, 'publisher' | 'first' | 'count'> | null): number {
    const counted = this.#of(envelope?.publisher ?? NO_PUBLISHER);
    const { first, count } = envelope ?? { first: counted.nextNumber, count: 1 };
    const known = Math.min(Math.max(counted.nextNumber - first, 0), count);
    counted.lost += Math.max(first - counted.nextNumber, 0);
    counted.nextNumber = Math.max(counted.nextNumber, first + count);
    return known;
  }

  /** Counts a command that is new, under its source. */
  accept(envelope: Pick<LaneEnvelope, 'publisher'> | null, source: string): void {
    const { accepted } = this.#of(envelope?.publisher ?? NO_PUBLISHER);
    accepted.set(source, (accepted.get(source) ?? 0) + 1);
  }

  /** One for each publisher that moved. */
  advances(): readonly PublisherAdvance[] {
    return [...this.#counted]
      .filter(([publisher, { nextNumber }]) => nextNumber !== (this.#before.get(publisher) ?? 1))
      .map(([publisher, { nextNumber, accepted, lost }]) => ({ publisher, nextNumber, accepted: Object.fromEntries(accepted), lost }));
  }

  /** Publishers of which numbers were skipped, with how many; the same also after `keep`. */
  lost(): readonly (readonly [publisher: string, lost: number])[] {
    return [...this.#counted].filter(([, { lost }]) => lost > 0).map(([publisher, { lost }]) => [publisher, lost]);
  }

  #of(publisher: string): Counted {
    let counted = this.#counted.get(publisher);
    if (counted === undefined) {
      counted = { nextNumber: this.#before.get(publisher) ?? 1, accepted: new Map(), lost: 0 };
      this.#counted.set(publisher, counted);
    }
    return counted;
  }
}
