import { TooManyBugsError } from './too-many-bugs-error.ts';

const WINDOW = 1000;
const MOST_BUGS = 50;

/** Whether the last 1,000 changes of a lane hold more than 5 % bugs. True stands for a change that failed for one. */
export class BugRate {
  readonly #lane: string;
  #window: readonly boolean[] = [];

  constructor(lane: string) {
    this.#lane = lane;
  }

  /**
   * Asked before a batch is committed, so that the batch that shows a bad deploy is not parked itself.
   * @throws TooManyBugsError
   */
  check(batch: readonly boolean[]): void {
    const recent = this.#with(batch);
    const bugs = recent.filter(Boolean).length;
    if (bugs > MOST_BUGS) throw new TooManyBugsError(this.#lane, bugs, recent.length);
  }

  /** Takes in a batch that was committed. */
  add(batch: readonly boolean[]): void {
    this.#window = this.#with(batch);
  }

  #with(batch: readonly boolean[]): readonly boolean[] {
    return [...this.#window, ...batch].slice(-WINDOW);
  }
}
