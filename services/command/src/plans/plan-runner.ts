import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError, ValidationError } from '@clientele/contracts';
import { claimPlan, listPlans, type Plan } from '@clientele/event-store';
import { ProviderError } from '@clientele/providers';
import type { Lease, Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { Backoff } from '../lanes/backoff.ts';
import { untilLetGo } from '../reading/held-back.ts';
import type { ReadableSource } from '../sources/source-book.ts';
import { OutOfQuotaError } from './out-of-quota-error.ts';
import { coveredBy, inOrder, laneOfPlan } from './plan-order.ts';
import type { PlanMetrics } from './plan-metrics.ts';
import { READING_PLANS, readingPlan, type ReadingPlan } from './plan-params.ts';
import { LostLeadError, type PlanTurn } from './plan-turn.ts';
import { CALLS_OF_A_PAGE } from './steps/step.ts';

export interface PlanRunnerParts {
  readonly pool: Pool;
  readonly turn: PlanTurn;
  readonly metrics: PlanMetrics;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly now: () => number;
  /** How often it looks for new plans, ms (default 1 s). */
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
/** After that many failures that nobody expected, in a row, a plan is given up. */
const MOST_BUGS = 5;
const RETRY_MS = 1_000;
/** A provider that says nothing of when to come back. */
const PROVIDER_RETRY_MS = 5_000;
/** Credentials that are refused are mended by people. */
const UNAUTHORISED_MS = 60_000;
const QUOTA_RETRY_MS = 15_000;
const LONGEST_WAIT_MS = 300_000;
const MOST_PLANS = 200;

interface NextPlan {
  readonly plan: ReadingPlan;
  /** Ids of plans that are done when it is. */
  readonly covered: readonly string[];
}

/**
 * Does the long work of the sources that this process leads: one step of one plan at a time, the most urgent plan's first, so that a repair
 * goes before a load that is under way. All that is known of a plan stands in its row: whoever leads next goes on from there, and repeats
 * at most the step that was not saved.
 */
export class PlanRunner {
  readonly #parts: PlanRunnerParts;
  readonly #bugs = new Map<string, number>();
  /** When plans that rest go on, ms since 1970; others go on meanwhile. */
  readonly #resting = new Map<string, number>();

  constructor(parts: PlanRunnerParts) {
    this.#parts = parts;
  }

  /** Works until the lease ends. */
  async run(source: ReadableSource, lease: Lease): Promise<void> {
    const { lookEveryMs = LOOK_EVERY_MS, logger, metrics } = this.#parts;
    const backoff = new Backoff();
    while (!lease.signal.aborted) {
      try {
        const next = await this.#next(source, lease);
        if (next !== null) this.#rest(next.plan, await this.#step(next, source, lease));
        backoff.reset();
        if (next === null) await sleep(Math.min(lookEveryMs, this.#soonestMs()), undefined, { signal: lease.signal });
      } catch (error) {
        if (lease.signal.aborted) break;
        if (error instanceof LostLeadError) logger.warn({ source: source.id }, error.message);
        else if (error instanceof UnavailableError) logger.warn({ err: error, source: source.id }, 'long work waits');
        else logger.error({ err: error, source: source.id }, 'long work failed');
        await backoff.wait(RETRY_MS, lease.signal);
      }
    }
    metrics.running(source.id, 0);
  }

  /** The most urgent plan that the quota allows a step of now. */
  async #next(source: ReadableSource, lease: Lease): Promise<NextPlan | null> {
    const { pool, metrics } = this.#parts;
    const running = await listPlans(pool, { source: source.id, states: ['running'], kinds: READING_PLANS, limit: MOST_PLANS });
    metrics.running(source.id, running.length);
    const waiting = inOrder(running.filter(({ id }) => !this.#isResting(id)).flatMap((plan) => this.#understood(plan) ?? []));
    for (const kind of new Set(waiting.map((plan) => plan.kind))) {
      if (!(await source.quota.allows(laneOfPlan(kind), CALLS_OF_A_PAGE))) continue;
      const wanted = waiting.find((one) => one.kind === kind);
      const claimed = wanted === undefined ? null : await claimPlan(pool, wanted.id, lease.epoch);
      const plan = claimed === null ? null : readingPlan(claimed);
      return plan === null ? null : { plan, covered: coveredBy(plan, waiting) };
    }
    for (const plan of waiting) this.#rest(plan, await this.#outOfQuota(new OutOfQuotaError(), plan, lease));
    return null;
  }

  async #outOfQuota({ message }: OutOfQuotaError, plan: ReadingPlan, lease: Lease): Promise<number> {
    const { now, turn } = this.#parts;
    await turn.trouble(plan, lease, message, new Date(now() + QUOTA_RETRY_MS));
    return QUOTA_RETRY_MS;
  }

  /** Answers how long to rest, ms. */
  async #step({ plan, covered }: NextPlan, source: ReadableSource, lease: Lease): Promise<number> {
    const { turn } = this.#parts;
    try {
      const restMs = await turn.take(plan, source, lease, covered);
      this.#bugs.delete(plan.id);
      return restMs ?? 0;
    } catch (error) {
      lease.signal.throwIfAborted();
      if (error instanceof ProviderError) return await this.#provider(error, plan, source, lease);
      if (error instanceof OutOfQuotaError) return await this.#outOfQuota(error, plan, lease);
      if (error instanceof ValidationError) {
        await turn.skip(plan, lease, error.message);
        return 0;
      }
      if (error instanceof UnavailableError || error instanceof LostLeadError) throw error;
      return await this.#bug(error, plan, lease);
    }
  }

  async #provider(error: ProviderError, plan: ReadingPlan, { records }: ReadableSource, lease: Lease): Promise<number> {
    const { now, turn, logger } = this.#parts;
    if (error.kind === 'not_found' || error.kind === 'invalid') {
      logger.warn({ plan: plan.id, source: plan.source, reason: error.message }, 'an entity cannot be read');
      await turn.skip(plan, lease, error.message);
      return 0;
    }
    const untoldMs = error.kind === 'unauthorised' ? UNAUTHORISED_MS : PROVIDER_RETRY_MS;
    const waitMs = Math.min(Math.max((error.retryAt?.getTime() ?? now() + untoldMs) - now(), RETRY_MS), LONGEST_WAIT_MS);
    logger.warn({ plan: plan.id, source: plan.source, reason: error.message, waitMs }, 'long work waits for the provider');
    await turn.trouble(plan, lease, error.message, new Date(now() + waitMs));
    await untilLetGo(error, waitMs, records, lease.signal);
    return 0;
  }

  async #bug(error: unknown, plan: ReadingPlan, lease: Lease): Promise<number> {
    const { turn, logger } = this.#parts;
    const times = (this.#bugs.get(plan.id) ?? 0) + 1;
    this.#bugs.set(plan.id, times);
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    logger.error({ err: error, plan: plan.id, source: plan.source, times }, 'a step of long work failed');
    if (times < MOST_BUGS) return RETRY_MS * times;
    this.#bugs.delete(plan.id);
    await turn.fail(plan, lease, message);
    return 0;
  }

  #rest({ id }: ReadingPlan, ms: number): void {
    if (ms > 0) this.#resting.set(id, this.#parts.now() + ms);
  }

  #isResting(id: string): boolean {
    const until = this.#resting.get(id) ?? 0;
    if (until > this.#parts.now()) return true;
    this.#resting.delete(id);
    return false;
  }

  /** Plans that were given up while they rested are forgotten. */
  #soonestMs(): number {
    for (const id of this.#resting.keys()) this.#isResting(id);
    return Math.max(1, Math.min(...this.#resting.values()) - this.#parts.now());
  }

  /** A plan that is not as we make them stands in nobody's way. */
  #understood(plan: Plan): ReadingPlan | null {
    try {
      return readingPlan(plan);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#parts.logger.error({ err: error, plan: plan.id }, 'a plan that cannot be understood');
      return null;
    }
  }
}
