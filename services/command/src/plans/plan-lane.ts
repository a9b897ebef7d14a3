import type { ReadLane } from '@clientele/event-store';
import type { ReadingPlanKind } from './plan-params.ts';

/** The lane of the quota that a plan's calls go by. */
export function laneOfPlan(kind: ReadingPlanKind): ReadLane {
  return kind === 'reconciliation' ? 'reconciliation' : 'repair';
}

/** What is taken up first of a source's plans: what is known to be wrong, then what was missed, then what was never known, then the search. */
export const URGENCY: Readonly<Record<ReadingPlanKind, number>> = { repair: 0, window: 1, load: 2, reconciliation: 3 };
