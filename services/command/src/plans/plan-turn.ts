import { savePlanProgress } from '@clientele/event-store';
import type { FaultPoint } from '@clientele/contracts';
import type { Lease, Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { ReadableSource } from '../sources/source-book.ts';
import type { HeldRecords } from './held-records.ts';
import { BEGINNING, hasBegun, planCursor, type PlanCursor } from './plan-cursor.ts';
import type { PlanMetrics } from './plan-metrics.ts';
import type { ReadingPlan } from './plan-params.ts';
import { counted, ofEntity, type Tally } from './plan-tally.ts';
import { tasksOf, type PlanTask } from './plan-tasks.ts';
import { LostLeadError, type SendReadings } from './send-readings.ts';
import { OutOfQuotaError } from './out-of-quota-error.ts';
import { STEPS } from './steps/index.ts';
import type { StepResult } from './steps/step.ts';
import { laneOfPlan } from './plan-order.ts';

export interface PlanTurnParts {
  readonly pool: Pool;
  readonly held: HeldRecords;
  readonly sender: SendReadings;
  readonly metrics: PlanMetrics;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly pageRecords: number;
  readonly now: () => number;
  readonly faultPoint: FaultPoint;
}

/** What is saved at the end of a turn. */
interface Turned {
  readonly cursor: PlanCursor;
  readonly tally: Tally;
}

/** One step of one plan: asks the provider, sends what it answered, and only then saves where the plan goes on. */
export class PlanTurn {
  readonly #parts: PlanTurnParts;

  constructor(parts: PlanTurnParts) {
    this.#parts = parts;
  }

  /**
   * Answers how long the plan rests, in ms; null: it is over, or no longer ours.
   * @param covered plans that are done when this one is, noted as it begins.
   * @throws ProviderError, OutOfQuotaError, UnavailableError: nothing is saved, and the step is repeated. LostLeadError.
   */
  async take(plan: ReadingPlan, source: ReadableSource, lease: Lease, covered: readonly string[] = []): Promise<number | null> {
    const { metrics, now, pageRecords, held, sender, faultPoint } = this.#parts;
    const begun = now();
    const { cursor, task } = whereNow(plan);
    if (task === null) return await this.#save(plan, lease, { cursor, tally: plan.counters });
    const { entity } = task;
    let calls = 0;
    const sending = { source, planId: plan.id, epoch: lease.epoch, signal: lease.signal };
    const result = await STEPS[task.stage]({
      planId: plan.id, kind: plan.kind, params: plan.params, entity, source, held, sent: cursor.sent, pageRecords, signal: lease.signal, now,
      ask: async (expected, question) => {
        if (!(await source.quota.spend(laneOfPlan(plan.kind), expected))) throw new OutOfQuotaError();
        lease.signal.throwIfAborted();
        const answer = await question();
        calls += answer.calls;
        return answer;
      },
    }, cursor.place);
    const { send = [], later = [] } = result;
    faultPoint('plan.before-send');
    const sent = await sender.send(send, cursor.sent, sending);
    await sender.askLater(later, sending, plan.kind === 'reconciliation' ? 'reconciliation' : 'repair');
    faultPoint('plan.after-send');
    metrics.stepped(plan, send.length, calls);
    const tally = tallied(plan.counters, entity, result, { calls, ms: Math.round(now() - begun), pages: 1, sent: send.length });
    const next = result.place === null ? { task: cursor.task + 1, place: null } : { task: cursor.task, place: result.place };
    const pause = await this.#save(plan, lease, { cursor: { ...cursor, ...next, sent: [...sent], covers: hasBegun(plan.cursor) ? cursor.covers : [...covered], trouble: null }, tally });
    return pause === null ? null : (result.pauseMs ?? pause);
  }

  /** Goes on behind an entity that cannot be read. */
  async skip(plan: ReadingPlan, lease: Lease, message: string): Promise<void> {
    const { cursor, task } = whereNow(plan);
    const failed = { ...cursor.failed, [task?.entity ?? '']: message };
    await this.#save(plan, lease, { cursor: { ...cursor, task: cursor.task + 1, place: null, failed, trouble: null }, tally: plan.counters });
  }

  /** Gives it up for good, until somebody resumes it. */
  async fail(plan: ReadingPlan, lease: Lease, message: string): Promise<void> {
    const { cursor } = whereNow(plan);
    await savePlanProgress(this.#parts.pool, plan.id, lease.epoch, { cursor: { ...cursor, trouble: { message, until: null } }, counters: plan.counters, state: 'failed' });
    this.#parts.metrics.ended(plan, 'failed', plan.counters);
  }

  /** Says why it waits. */
  async trouble(plan: ReadingPlan, lease: Lease, message: string, until: Date): Promise<void> {
    const { cursor } = whereNow(plan);
    await savePlanProgress(this.#parts.pool, plan.id, lease.epoch, { cursor: { ...cursor, trouble: { message, until: until.toISOString() } }, counters: plan.counters });
  }

  /** A crash before this leaves them to be done once more. */
  async #settleCovered({ id }: ReadingPlan, covers: readonly string[], lease: Lease): Promise<void> {
    const cursor = { ...BEGINNING, trouble: { message: `repair ${id}, which began later, has read all of it`, until: null } };
    for (const covered of covers) await savePlanProgress(this.#parts.pool, covered, lease.epoch, { cursor, counters: {}, state: 'done' });
  }

  async #save(plan: ReadingPlan, lease: Lease, { cursor, tally }: Turned): Promise<number | null> {
    const { pool, metrics, logger } = this.#parts;
    const isOver = taskAt(plan, cursor) === null;
    const state = Object.keys(cursor.failed).length > 0 ? 'failed' : 'done';
    const saved = await savePlanProgress(pool, plan.id, lease.epoch, { cursor, counters: tally, ...(isOver ? { state } : {}) });
    // Paused or cancelled meanwhile: what was sent counts all the same, and a resumed plan repeats the step.
    if (saved === null || !isOver) return saved === null ? null : 0;
    if (state === 'done') await this.#settleCovered(plan, cursor.covers, lease);
    metrics.ended(plan, state, tally);
    logger[state === 'done' ? 'info' : 'warn']({ plan: plan.id, kind: plan.kind, source: plan.source, failed: cursor.failed, counters: tally }, `plan ${state}`);
    return null;
  }
}

export { LostLeadError };

/** A plan that ended with entities that could not be read, and was resumed, begins again with these. */
function whereNow(plan: ReadingPlan): { cursor: PlanCursor; task: PlanTask | null } {
  const cursor = planCursor(plan.cursor);
  const failed = Object.keys(cursor.failed).filter((entity) => plan.params.entities.includes(entity));
  const task = taskAt(plan, cursor);
  if (task !== null || failed.length === 0) return { cursor: atTask(plan, cursor), task };
  const again = { ...cursor, task: 0, place: null, failed: {}, only: failed };
  return { cursor: atTask(plan, again), task: taskAt(plan, again) };
}

/** The task that is next, less those of entities that are left out; null behind the last. */
function taskAt(plan: ReadingPlan, cursor: PlanCursor): PlanTask | null {
  return tasksOf(plan.kind, plan.params).slice(cursor.task).find(({ entity }) => isWanted(entity, cursor)) ?? null;
}

function atTask(plan: ReadingPlan, cursor: PlanCursor): PlanCursor {
  const tasks = tasksOf(plan.kind, plan.params);
  const task = tasks.findIndex(({ entity }, at) => at >= cursor.task && isWanted(entity, cursor));
  if (task === cursor.task) return cursor;
  return { ...cursor, task: task < 0 ? tasks.length : task, place: null };
}

function isWanted(entity: string, { failed, only }: PlanCursor): boolean {
  return !Object.hasOwn(failed, entity) && (only === null || only.includes(entity));
}

function tallied(tally: Tally, entity: string, { add = {}, set = {} }: StepResult, own: Tally): Tally {
  return counted(tally, { add: { ...ofEntity(entity, add), ...own }, set: ofEntity(entity, set) });
}
