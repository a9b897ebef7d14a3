import { TooManyBugsError } from './too-many-bugs-error.ts';

const WINDOW = 1000;
const MOST_BUGS = 50;

/** Whether the last 1,000 changes of a lane hold more than 5 % bugs. In what it is given, true stands for a change that failed for one. */
export class BugRate {
  readonly #lane: string;
  #seen = 0;
  /** Which of the changes failed, counted from the first that was seen. */
  #bugs: readonly number[] = [];

  constructor(lane: string) {
    this.#lane = lane;
  }

  /**
   * Asked before a batch is committed, so that the batch that shows a bad deploy is not parked itself.
   * @throws TooManyBugsError
   */
  check(batch: readonly boolean[]): void {
    const { length } = this.#recentBugs(batch);
    if (length > MOST_BUGS) throw new TooManyBugsError(this.#lane, length, Math.min(this.#seen + batch.length, WINDOW));
  }

  /** Takes in a batch that was committed. */
  add(batch: readonly boolean[]): void {
    this.#bugs = this.#recentBugs(batch);
    this.#seen += batch.length;
  }

  #recentBugs(batch: readonly boolean[]): readonly number[] {
    const first = this.#seen + batch.length - WINDOW;
    const added = batch.flatMap((isBug, index) => (isBug ? [this.#seen + index] : []));
    return [...this.#bugs, ...added].filter((at) => at >= first);
  }
}
