import type { EventDispatcher, FaultPoint } from '@clientele/contracts';
import { savePlanProgress, type EventStore, type Plan } from '@clientele/event-store';
import type { Pool } from 'pg';
import { knownTargets } from '../known-targets.ts';
import { redriveOrder, redriveOrderId, type OrderTarget } from '../orders.ts';
import { asJson, decidedIn, failedIn, redriveCursor, redriveParams, stepOf, type RedriveCursor, type RedriveParams } from './redrive.ts';
import { tallyOf, type RedriveLetters } from './redrive-letters.ts';

export interface RedriveRunParts {
  readonly pool: Pool;
  readonly store: Pick<EventStore, 'load'>;
  readonly letters: RedriveLetters;
  readonly dispatcher: EventDispatcher;
  readonly now: () => Date;
  readonly faultPoint: FaultPoint;
}

/** Half a second's worth, at most so many, is ordered at a time. */
const MOST_AT_ONCE = 500;
/** An order that is not decided by then is sent again; decided twice it is not, since its id is the same. */
const ORDER_AGAIN_MS = 30_000;
/** What another process ordered before this one took the redrive up is given so long. */
const TAKEN_OVER_MS = 2_000;

/**
 * A redrive that this process carries on: orders a window of dead letters, waits for what becomes of them, counts, judges, goes on. The window
 * is saved before it is ordered, so that whoever takes the plan up again knows what may be under way.
 */
export class RedriveRun {
  readonly #parts: RedriveRunParts;
  readonly #plan: Plan;
  readonly #params: RedriveParams;
  readonly #epoch: number;
  #cursor: RedriveCursor;
  #counters: Record<string, number>;
  #orderedAt = performance.now() - ORDER_AGAIN_MS + TAKEN_OVER_MS;
  #nextAt = -Infinity;

  constructor(plan: Plan, epoch: number, parts: RedriveRunParts) {
    this.#plan = plan;
    this.#epoch = epoch;
    this.#parts = parts;
    this.#params = redriveParams(plan);
    this.#cursor = redriveCursor(plan);
    this.#counters = { ...plan.counters };
  }

  /** Whether there is more to do: false once it is done, stopped or cancelled, or another process carries it on. @throws UnavailableError */
  async tick(): Promise<boolean> {
    if (this.#cursor.window.length > 0) return await this.#follow();
    return performance.now() < this.#nextAt || await this.#begin();
  }

  async #begin(): Promise<boolean> {
    const targets = await this.#take(this.#room());
    if (targets === null) {
      // Those of the filter that others settled before they were reached were never seen.
      this.#count('skipped', Math.max(0, this.#params.total - decidedIn(this.#counters) - (this.#counters['skipped'] ?? 0)));
      return await this.#save('done');
    }
    this.#cursor = { ...this.#cursor, window: targets.map(({ id }) => id) };
    this.#count('sent', targets.length);
    if (!await this.#save()) return false;
    this.#parts.faultPoint('redrive.window-saved');
    this.#nextAt = performance.now() + (targets.length / this.#params.rate) * 1000;
    await this.#order(targets);
    return true;
  }

  /** Null where nothing is left. */
  async #take(limit: number): Promise<readonly OrderTarget[] | null> {
    const { letters } = this.#parts;
    const { ids, filter, until } = this.#params;
    if (ids === null) {
      const { targets, end } = await letters.page(filter ?? {}, until, this.#cursor.after, limit);
      this.#cursor = { ...this.#cursor, after: end ?? this.#cursor.after };
      return targets.length === 0 ? null : targets;
    }
    const next = ids.slice(this.#cursor.taken, this.#cursor.taken + limit);
    if (next.length === 0) return null;
    const targets = await letters.byId(next, { parkedOnly: true });
    this.#cursor = { ...this.#cursor, taken: this.#cursor.taken + next.length };
    this.#count('skipped', next.length - targets.length);
    return targets;
  }

  /** No more than the canary's step still has. */
  #room(): number {
    const window = Math.min(MOST_AT_ONCE, Math.max(1, Math.ceil(this.#params.rate / 2)));
    const step = stepOf(this.#params, this.#cursor);
    return step === 'all' ? window : Math.max(1, Math.min(window, step - this.#cursor.decided));
  }

  async #order(targets: readonly OrderTarget[]): Promise<void> {
    const { dispatcher, store, now, faultPoint } = this.#parts;
    const { id, requestedBy } = this.#plan;
    this.#orderedAt = performance.now();
    const orderer = { by: requestedBy, correlationId: id, now: now() };
    const known = await knownTargets(targets, store, now);
    await dispatcher.dispatch(known.map((target) => redriveOrder(target, orderer, id)));
    faultPoint('redrive.ordered');
  }

  async #follow(): Promise<boolean> {
    const { letters } = this.#parts;
    const { window } = this.#cursor;
    const results = await letters.results(window.map((target) => this.#orderId(target)));
    const missing = window.filter((target) => !results.has(this.#orderId(target)));
    if (missing.length > 0) {
      if (performance.now() - this.#orderedAt > ORDER_AGAIN_MS) await this.#orderAgain(missing);
      return true;
    }
    const tally = tallyOf(results.values());
    for (const [name, n] of Object.entries(tally)) this.#count(name, n);
    const { decided, failed } = this.#cursor;
    this.#cursor = { ...this.#cursor, window: [], decided: decided + decidedIn(tally), failed: failed + failedIn(tally) };
    this.#judge();
    return await this.#save(this.#cursor.stopped === null ? undefined : 'failed');
  }

  /** What the ledger has forgotten by now was settled long ago, and nobody decides an order about it. */
  async #orderAgain(missing: readonly string[]): Promise<void> {
    const targets = await this.#parts.letters.byId(missing, { parkedOnly: false });
    const known = new Set(targets.map(({ id }) => id));
    const forgotten = missing.filter((id) => !known.has(id));
    this.#cursor = { ...this.#cursor, window: this.#cursor.window.filter((id) => !forgotten.includes(id)) };
    this.#count('skipped', forgotten.length);
    await this.#order(targets);
  }

  /** A step is judged by itself when it is over; once all are tried, everything so far is, window by window. */
  #judge(): void {
    const { canary } = this.#params;
    if (canary === null) return;
    const step = stepOf(this.#params, this.#cursor);
    const all = { decided: decidedIn(this.#counters), failed: failedIn(this.#counters) };
    const { decided, failed } = step === 'all' ? all : this.#cursor;
    if (step !== 'all' && decided < step) return;
    if (decided > 0 && failed / decided > canary.stop_above) {
      const stopped = `${failed} of ${decided} failed again${step === 'all' ? '' : ` in the step of ${step}`}, more than the share of ${canary.stop_above}`;
      this.#cursor = { ...this.#cursor, stopped };
    } else if (step !== 'all') {
      this.#cursor = { ...this.#cursor, step: this.#cursor.step + 1, decided: 0, failed: 0 };
    }
  }

  #orderId(target: string): string {
    return redriveOrderId(this.#plan.id, target);
  }

  #count(name: string, n: number): void {
    this.#counters = { ...this.#counters, [name]: (this.#counters[name] ?? 0) + n };
  }

  /** False where it is over, or not ours any more. */
  async #save(state?: 'done' | 'failed'): Promise<boolean> {
    const progress = { cursor: asJson(this.#cursor), counters: this.#counters, ...(state === undefined ? {} : { state }) };
    const saved = await savePlanProgress(this.#parts.pool, this.#plan.id, this.#epoch, progress);
    return saved !== null && state === undefined;
  }
}
