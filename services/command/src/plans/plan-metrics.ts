import type { Metrics } from '@clientele/service-kit';
import { estimate } from './comparison/drift-score.ts';
import type { SourceBook } from '../sources/source-book.ts';
import { READING_PLANS, type ReadingPlan } from './plan-params.ts';
import { countOf, type Tally } from './plan-tally.ts';

/** How a plan ends that nobody cancels. */
const ENDS = ['done', 'failed'] as const;

/** What plans tell of themselves, each by the process that leads its source. */
export class PlanMetrics {
  readonly #pages;
  readonly #sent;
  readonly #calls;
  readonly #ended;
  readonly #drift;
  readonly #running;

  constructor(metrics: Metrics, sources: Pick<SourceBook, 'readable'>) {
    this.#pages = metrics.counter('plan_pages_total', 'Steps of long work that were done', ['source', 'kind']);
    this.#sent = metrics.counter('plan_readings_total', 'Readings that long work sent to the lanes', ['source', 'kind']);
    this.#calls = metrics.counter('plan_calls_total', 'API calls that long work made', ['source', 'kind']);
    this.#ended = metrics.counter('plans_ended_total', 'Long work that ended', ['source', 'kind', 'state']);
    // There from the start: a series that begins with its first failure shows no increase.
    for (const { id: source } of sources.readable()) for (const kind of READING_PLANS) for (const state of ENDS) this.#ended.inc({ source, kind, state }, 0);
    this.#drift = metrics.gauge('drift_score', 'Share of compared records that were not as their provider shows them, 0 to 1', ['source', 'entity', 'mode']);
    this.#running = metrics.gauge('plans_running', 'Long work of the sources that this process leads', ['source']);
  }

  stepped({ source, kind }: ReadingPlan, sent: number, calls: number): void {
    this.#pages.inc({ source, kind });
    this.#sent.inc({ source, kind }, sent);
    this.#calls.inc({ source, kind }, calls);
  }

  running(source: string, count: number): void {
    this.#running.set({ source }, count);
  }

  ended({ source, kind, params: { entities, mode } }: ReadingPlan, state: (typeof ENDS)[number], tally: Tally): void {
    this.#ended.inc({ source, kind, state });
    if (mode === null) return;
    for (const entity of entities) {
      const drift = estimate(countOf(tally, entity, 'drifted'), countOf(tally, entity, 'compared'));
      if (drift !== null) this.#drift.set({ source, entity, mode }, drift.score);
    }
  }
}
