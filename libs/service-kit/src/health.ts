export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason: string | null }[];
}

/** Where a stream of work stands. `position` is anything that changes when work is done; `lag` what is known to be left. */
export interface WorkProgress {
  readonly lag: number;
  readonly position: string | number;
}

interface WatchedWork {
  readonly probe: () => WorkProgress | Promise<WorkProgress>;
  position: string | number | null;
  movedAt: number;
  lag: number | null;
  failure: string | null;
}

export interface HealthOptions {
  /** Work that lags and has not moved for so long counts as stuck. */
  readonly stuckAfterMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** How long a readiness check may take. */
  readonly checkTimeoutMs?: number;
}

const SAMPLE_EVERY_MS = 5_000;

/** What /health/ready and /health/progress answer. Readiness is "can serve"; progress is "does work move". */
export class Health {
  readonly #checks = new Map<string, () => Promise<void> | void>();
  readonly #work = new Map<string, WatchedWork>();
  readonly #stuckAfterMs: number;
  readonly #checkTimeoutMs: number;
  readonly #now: () => number;
  #sampler: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(options: HealthOptions = {}) {
    this.#stuckAfterMs = options.stuckAfterMs ?? 30_000;
    this.#checkTimeoutMs = options.checkTimeoutMs ?? 2_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Adds a readiness check: it throws, or takes too long, when the service cannot serve. Its message is shown to callers. */
  check(name: string, run: () => Promise<void> | void): void {
    this.#checks.set(name, run);
  }

  /** Watches a stream of work. Sampled every 5 s, so that the first caller of /health/progress already learns the truth. */
  progress(name: string, probe: WatchedWork['probe']): void {
    this.#work.set(name, { probe, position: null, movedAt: this.#now(), lag: null, failure: null });
    this.#sampler ??= setInterval(() => void this.#sample(), SAMPLE_EVERY_MS).unref();
  }

  /** Takes a stream of work off the watch, for work that another process has taken over. */
  forget(name: string): void {
    this.#work.delete(name);
  }

  /** From here on not ready, so that load balancers look elsewhere while the service stops. */
  stopping(): void {
    this.#stopping = true;
    if (this.#sampler !== null) clearInterval(this.#sampler);
  }

  async readiness(): Promise<HealthReport> {
    if (this.#stopping) return report([{ name: 'service', ok: false, reason: 'stopping' }]);
    return report(await Promise.all([...this.#checks].map(async ([name, run]) => ({ name, ...(await this.#outcome(run)) }))));
  }

  async progressing(): Promise<HealthReport> {
    await this.#sample();
    const now = this.#now();
    return report(
      [...this.#work].map(([name, work]) => {
        const stuckMs = now - work.movedAt;
        const ok = work.lag === 0 || stuckMs < this.#stuckAfterMs;
        return {
          name,
          ok,
          reason: ok ? null : `${work.failure ?? `${work.lag} behind`}, nothing moved for ${Math.floor(stuckMs / 1000)} s`,
        };
      }),
    );
  }

  async #outcome(run: () => Promise<void> | void): Promise<{ ok: boolean; reason: string | null }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${this.#checkTimeoutMs} ms`)), this.#checkTimeoutMs);
    });
    try {
      await Promise.race([run(), late]);
      return { ok: true, reason: null };
    } catch (error) {
      return { ok: false, reason: messageOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  async #sample(): Promise<void> {
    await Promise.all([...this.#work.values()].map((work) => this.#look(work)));
  }

  async #look(work: WatchedWork): Promise<void> {
    try {
      const { lag, position } = await work.probe();
      if (lag === 0 || position !== work.position) work.movedAt = this.#now();
      work.lag = lag;
      work.position = position;
      work.failure = null;
    } catch (error) {
      work.lag = null;
      work.failure = `cannot tell: ${messageOf(error)}`;
    }
  }
}

function report(checks: HealthReport['checks']): HealthReport {
  return { ok: checks.every((check) => check.ok), checks };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
