import type { Logger } from './logging.ts';

export interface HealthReport {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason: string | null }[];
}

/** Where a stream of work stands. `position` is anything that changes when work is done; `lag` what is known to be left. */
export interface WorkProgress {
  readonly lag: number;
  readonly position: string | number;
}

/**
 * Says why the service cannot serve, in words of our own, for anybody may read them; null: it can. What it throws is another's message, with
 * names and addresses in it: the log alone has that.
 */
export type ReadinessCheck = () => Promise<string | null> | string | null;

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
  /** Told of each change of a check, and not of each probe. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
}

const SAMPLE_EVERY_MS = 5_000;
const SEE_LOG = 'the log of this service says why';

/** What /health/ready and /health/progress answer. Readiness is "can serve"; progress is "does work move". */
export class Health {
  readonly #checks = new Map<string, ReadinessCheck>();
  /** Check -> what the log was told last; none: it is well. */
  readonly #told = new Map<string, string>();
  readonly #work = new Map<string, WatchedWork>();
  readonly #stuckAfterMs: number;
  readonly #checkTimeoutMs: number;
  readonly #now: () => number;
  readonly #logger: HealthOptions['logger'];
  #sampler: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(options: HealthOptions = {}) {
    this.#stuckAfterMs = options.stuckAfterMs ?? 30_000;
    this.#checkTimeoutMs = options.checkTimeoutMs ?? 2_000;
    this.#now = options.now ?? (() => performance.now());
    this.#logger = options.logger;
  }

  /** Adds a readiness check; one that takes too long fails. */
  check(name: string, run: ReadinessCheck): void {
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
    return report(await Promise.all([...this.#checks].map(async ([name, run]) => ({ name, ...(await this.#outcome(name, run)) }))));
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

  async #outcome(name: string, run: ReadinessCheck): Promise<{ ok: boolean; reason: string | null }> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${this.#checkTimeoutMs} ms`), this.#checkTimeoutMs);
    });
    try {
      const reason = await Promise.race([run(), late]);
      this.#tell(name, reason, { reason });
      return { ok: reason === null, reason };
    } catch (error) {
      this.#tell(name, messageOf(error), { err: error });
      return { ok: false, reason: `cannot be used: ${SEE_LOG}` };
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(check: string, failure: string | null, why: object): void {
    const before = this.#told.get(check) ?? null;
    if (failure === before) return;
    if (failure === null) {
      this.#told.delete(check);
      this.#logger?.info({ check }, 'well again');
    } else {
      this.#told.set(check, failure);
      this.#logger?.warn({ check, ...why }, 'not well');
    }
  }

  async #sample(): Promise<void> {
    await Promise.all([...this.#work].map(([name, work]) => this.#look(name, work)));
  }

  async #look(name: string, work: WatchedWork): Promise<void> {
    try {
      const { lag, position } = await work.probe();
      if (lag === 0 || position !== work.position) work.movedAt = this.#now();
      work.lag = lag;
      work.position = position;
      work.failure = null;
      this.#tell(`progress of ${name}`, null, {});
    } catch (error) {
      work.lag = null;
      work.failure = `cannot tell: ${SEE_LOG}`;
      this.#tell(`progress of ${name}`, messageOf(error), { err: error });
    }
  }
}

function report(checks: HealthReport['checks']): HealthReport {
  return { ok: checks.every((check) => check.ok), checks };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
