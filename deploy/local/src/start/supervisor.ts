import { setTimeout as delay } from 'node:timers/promises';
import { lastLines, sizeOf } from './log-files.ts';

/** A process that runs. */
export interface RunningPart {
  /** Resolves, with how it ended in words, when it is gone. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

export interface Part {
  readonly name: string;
  readonly logFile: string;
  /** How it ends, in words, where its settings are wrong: started again it would end so again. */
  readonly misconfigured?: string;
  /** Calls `spawned` as soon as there is a process, and resolves when it runs. */
  start(spawned: (pid: number) => void): Promise<RunningPart>;
}

export interface SupervisorEvents {
  say(line: string): void;
  spawned(name: string, pid: number): void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran for so long starts afresh with its pauses. */
const STEADY_MS = 20_000;
const LOOP = 5;
const TAIL_LINES = 15;

/** Keeps one process running: starts it again when it ends, after pauses that double, and says so. */
export class Supervisor {
  readonly part: Part;
  readonly #events: SupervisorEvents;
  readonly #stopping = new AbortController();
  #launching: Promise<RunningPart | null> = Promise.resolve(null);
  #watch: Promise<void> = Promise.resolve();
  #quickEnds = 0;
  #lastEnd = '';
  #isRefused = false;
  /** Where the log of the last run begins, and that of the last one that ended. */
  #began = 0;
  #endedFrom: number | null = null;

  constructor(part: Part, events: SupervisorEvents) {
    this.part = part;
    this.#events = events;
  }

  /** How often it ended soon after its start, without a steady run since. */
  get quickEnds(): number {
    return this.#quickEnds;
  }

  get lastEnd(): string {
    return this.#lastEnd;
  }

  /** Its first process ended because its settings are wrong; there will be no other. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** The end of the log, from the beginning of the run that ended last: nothing of earlier ones. Where none ended, of the one that runs. */
  lastWords(): string[] {
    return lastLines(this.part.logFile, TAIL_LINES, this.#endedFrom ?? this.#began);
  }

  /** @throws what the part's start throws; only the first start does. */
  async start(): Promise<void> {
    let failure: unknown;
    const first = await this.#launch((error) => {
      failure = error;
    });
    if (first === null) throw failure;
    this.#watch = this.#keepRunning(first);
  }

  /** Also stops a process that is only starting. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const running = await this.#launching;
    await running?.stop();
    await this.#watch;
  }

  async #launch(failed: (error: unknown) => void): Promise<RunningPart | null> {
    this.#began = sizeOf(this.part.logFile);
    this.#launching = this.part.start((pid) => this.#events.spawned(this.part.name, pid)).catch((error: unknown) => {
      failed(error);
      return null;
    });
    return await this.#launching;
  }

  async #keepRunning(first: RunningPart): Promise<void> {
    let running: RunningPart | null = first;
    while (!this.#isStopping()) {
      const since = Date.now();
      if (running !== null) this.#lastEnd = await running.ended;
      this.#endedFrom = this.#began;
      if (this.#isStopping()) return;
      this.#isRefused = running === first && this.#lastEnd === this.part.misconfigured;
      if (this.#isRefused) return;
      this.#quickEnds = Date.now() - since > STEADY_MS ? 1 : this.#quickEnds + 1;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#quickEnds - 1), LONGEST_PAUSE_MS);
      this.#report(this.#lastEnd, pause);
      await delay(pause, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#isStopping()) return;
      running = await this.#launch((error) => {
        this.#lastEnd = error instanceof Error ? error.message.trim() : String(error);
      });
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #report(ended: string, pause: number): void {
    const { name, logFile } = this.part;
    if (this.#quickEnds < LOOP) {
      this.#events.say(`${name} ended (${ended}); starting it again in ${pause / 1000} s`);
    } else if (this.#quickEnds === LOOP) {
      this.#events.say(`${name} ended ${LOOP} times in a row (${ended}); trying again every ${LONGEST_PAUSE_MS / 1000} s. Its last words, from ${logFile}:`);
      for (const line of this.lastWords()) this.#events.say(`  ${line}`);
    }
  }
}
