import { residentMiB } from './process-usage.ts';

export interface MemorySeen {
  readonly name: string;
  /** All in MiB. */
  readonly start: number;
  readonly most: number;
  readonly end: number;
}

const EVERY_MS = 500;

/** Samples the resident memory of processes from now on. */
export class MemoryWatch {
  readonly #samples: ReadonlyMap<string, { readonly pid: number; readonly seen: number[] }>;
  readonly #timer: NodeJS.Timeout;

  constructor(processes: ReadonlyMap<string, number>, names: readonly string[]) {
    this.#samples = new Map(names.map((name) => [name, { pid: processes.get(name) ?? 0, seen: [] }]));
    this.#take();
    this.#timer = setInterval(() => this.#take(), EVERY_MS);
  }

  /** What was seen; nothing of processes that the system tells nothing of. */
  end(): MemorySeen[] {
    clearInterval(this.#timer);
    this.#take();
    return [...this.#samples].flatMap(([name, { seen }]) => {
      const [start, end] = [seen[0], seen.at(-1)];
      return start === undefined || end === undefined ? [] : [{ name, start, most: Math.max(...seen), end }];
    });
  }

  #take(): void {
    for (const { pid, seen } of this.#samples.values()) {
      const now = residentMiB(pid);
      if (now !== null) seen.push(now);
    }
  }
}
