import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@clientele/contracts';
import { ProviderError } from '@clientele/providers';
import type { Lease, Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { ReadableSource } from '../sources/source-book.ts';
import type { FeedWatch } from './feed-watch.ts';
import type { PlanRunner } from './plan-runner.ts';
import { schedulePlans, type ScheduleSettings } from './schedule.ts';

export interface SourceWorkParts {
  readonly pool: Pool;
  readonly runner: PlanRunner;
  readonly feeds: FeedWatch;
  readonly schedule: ScheduleSettings;
  /** How often a feed is asked how it does, ms; 0: never. */
  readonly feedEveryMs: number;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  readonly now: () => number;
}

const SCHEDULE_EVERY_MS = 60_000;

/** What is done for a source by the process that leads it, beside single reads: its plans, their making, and the watch over its feed. */
export class SourceWork {
  readonly #parts: SourceWorkParts;

  constructor(parts: SourceWorkParts) {
    this.#parts = parts;
  }

  /** Works until the lease ends. */
  async run(source: ReadableSource, lease: Lease): Promise<void> {
    const { pool, runner, feeds, schedule, feedEveryMs, now } = this.#parts;
    try {
      await Promise.all([
        runner.run(source, lease),
        this.#repeat('making plans', SCHEDULE_EVERY_MS, lease, async () => await schedulePlans(pool, source, schedule, now())),
        feedEveryMs > 0 ? this.#repeat('watching the feed', feedEveryMs, lease, async () => await feeds.look(source)) : undefined,
      ]);
    } finally {
      feeds.forget(source.id);
    }
  }

  async #repeat(what: string, everyMs: number, { signal }: Lease, run: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      let restMs = everyMs;
      try {
        await run();
      } catch (error) {
        if (signal.aborted) return;
        restMs = restAfter(error, everyMs, this.#parts.now());
        const isExpected = error instanceof UnavailableError || error instanceof ProviderError;
        this.#parts.logger[isExpected ? 'warn' : 'error']({ err: error }, `${what} failed`);
      }
      await sleep(restMs, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }
}

/** What may pass is soon tried again; a provider that refuses is not asked more often for it, nor before it says. Answers ms. */
export function restAfter(error: unknown, everyMs: number, now: number): number {
  const isRefused = error instanceof ProviderError && error.kind !== 'unavailable';
  const toldMs = error instanceof ProviderError ? (error.retryAt?.getTime() ?? 0) - now : 0;
  return Math.max(toldMs, isRefused ? everyMs : Math.min(everyMs, SOON_MS));
}

const SOON_MS = 5_000;
