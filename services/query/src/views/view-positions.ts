import type { ViewPositions as Positions } from '@clientele/read-model';
import type { Logger } from '@clientele/service-kit';
import type { Database } from '../database/database.ts';
import { WakeListener } from './wake-listener.ts';

export type ViewName = 'records' | 'changes';

export interface ViewPositionsOptions {
  readonly database: Database;
  /** Of the read database, for a connection that listens. */
  readonly url: string;
  readonly logger: Logger;
  /** How often positions are looked up while somebody waits, whether or not the projector tells (default 250 ms). */
  readonly pollEveryMs?: number;
}

/** Waiters are woken at most so often: each wakes to a look-up, and the projector may commit hundreds of times a second. */
const WAKE_EVERY_MS = 15;

/**
 * How far the views have come, for those who wait for them. The projector tells after each commit; since a notification may be lost
 * with its connection, positions are also looked up while anybody waits.
 */
export class ViewPositions {
  readonly #options: ViewPositionsOptions;
  readonly #known = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  readonly #listener: WakeListener;
  #poll: NodeJS.Timeout | null = null;
  #wake: NodeJS.Timeout | null = null;
  #wokenAt = -Infinity;
  #turn = 0;

  constructor(options: ViewPositionsOptions) {
    this.#options = options;
    this.#listener = new WakeListener({ ...options, onPositions: (positions) => this.#learn(positions) });
  }

  /** Begins to listen. A database that is away is tried again: until then positions are looked up. */
  start(): void {
    this.#listener.start();
  }

  async stop(): Promise<void> {
    if (this.#wake !== null) clearTimeout(this.#wake);
    if (this.#poll !== null) clearInterval(this.#poll);
    await this.#listener.stop();
  }

  /** The position of a view, looked up now. @throws UnavailableError */
  async look(view: ViewName): Promise<number> {
    const rows = await this.#options.database.query<{ name: string; position: string }>({
      label: 'view_positions',
      text: 'select name, position from published.checkpoints',
      values: [],
      prepared: true,
    });
    this.#learn(Object.fromEntries(rows.map(({ name, position }) => [name, position])));
    return this.#known.get(view) ?? 0;
  }

  /** Waits until the view has reached a position. @returns false when the signal came first. @throws UnavailableError */
  async reached(view: ViewName, position: number, signal: AbortSignal): Promise<boolean> {
    // Looked up, not remembered: a read database that came back from a crash may stand a moment before what it once said.
    if ((await this.look(view)) >= position) return true;
    while (!signal.aborted) {
      await this.advanced(this.#turn, signal);
      if ((this.#known.get(view) ?? 0) >= position) return true;
    }
    return false;
  }

  /** Rises whenever a view has moved. Take it before a look at a view, to wait afterwards for what that look could not have seen. */
  get turn(): number {
    return this.#turn;
  }

  /** Resolves when some view has moved after `turn`, and when the signal aborts. */
  async advanced(turn: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#turn !== turn) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
      this.#pollWhileWaiting();
    });
    this.#pollWhileWaiting();
  }

  #pollWhileWaiting(): void {
    if (this.#waiting.size > 0) {
      this.#poll ??= setInterval(() => void this.#lookQuietly(), this.#options.pollEveryMs ?? 250);
    } else if (this.#poll !== null) {
      clearInterval(this.#poll);
      this.#poll = null;
    }
  }

  #learn(positions: Positions): void {
    let moved = false;
    for (const [view, text] of Object.entries(positions)) {
      const position = Number(text);
      moved ||= position !== this.#known.get(view);
      this.#known.set(view, position);
    }
    if (!moved) return;
    this.#turn += 1;
    if (this.#waiting.size === 0) return;
    this.#wake ??= setTimeout(() => this.#wakeAll(), Math.max(0, this.#wokenAt + WAKE_EVERY_MS - performance.now()));
  }

  #wakeAll(): void {
    this.#wake = null;
    this.#wokenAt = performance.now();
    for (const done of [...this.#waiting]) done();
  }

  async #lookQuietly(): Promise<void> {
    try {
      await this.look('records');
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'view positions cannot be looked up');
    }
  }
}
