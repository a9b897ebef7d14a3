import type { Random } from './random.ts';

/** A set from which one can be drawn at once, however many it holds. */
export class Pool<T extends object> {
  readonly #items: T[] = [];
  readonly #places = new Map<T, number>();

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    this.#places.set(item, this.#items.push(item) - 1);
  }

  remove(item: T): void {
    const place = this.#places.get(item);
    const last = this.#items.pop();
    if (place === undefined || last === undefined) throw new RangeError('not in the pool');
    this.#places.delete(item);
    if (last === item) return;
    this.#items[place] = last;
    this.#places.set(last, place);
  }

  draw(random: Random): T {
    return random.pick(this.#items);
  }

  /** Up to `count` different ones. */
  drawSome(random: Random, count: number): T[] {
    const drawn = new Set<T>();
    while (drawn.size < Math.min(count, this.size)) drawn.add(this.draw(random));
    return [...drawn];
  }
}
