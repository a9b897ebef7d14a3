import type { ReadLane } from '@clientele/event-store';
import { hasBegun } from './plan-cursor.ts';
import type { ReadingPlan, ReadingPlanKind } from './plan-params.ts';

/** The lane of the quota that a plan's calls go by. */
export function laneOfPlan(kind: ReadingPlanKind): ReadLane {
  return kind === 'reconciliation' ? 'reconciliation' : 'repair';
}

/** What is taken up first of a source's plans: what is known to be wrong, then what was missed, then what was never known, then the search. */
const URGENCY: Readonly<Record<ReadingPlanKind, number>> = { repair: 0, window: 1, load: 2, reconciliation: 3 };

/** The most urgent first; of one kind what has begun, then what goes back furthest, then the oldest. */
export function inOrder(plans: readonly ReadingPlan[]): ReadingPlan[] {
  return [...plans].sort((one, other) =>
    URGENCY[one.kind] - URGENCY[other.kind]
    || Number(hasBegun(other.cursor)) - Number(hasBegun(one.cursor))
    || beginningOf(one) - beginningOf(other)
    || one.createdAt.getTime() - other.createdAt.getTime());
}

/**
 * Repairs that a burst of gaps leaves are one: that which goes back furthest reads, later than all of them were made, what the others of
 * its entities ask for. Ids of those, for a repair that is about to begin.
 */
export function coveredBy(plan: ReadingPlan, plans: readonly ReadingPlan[]): string[] {
  if (plan.kind !== 'repair' || hasBegun(plan.cursor)) return [];
  return plans
    .filter(({ id, kind, cursor }) => id !== plan.id && kind === 'repair' && !hasBegun(cursor))
    .filter((other) => other.params.entities.every((entity) => plan.params.entities.includes(entity)))
    .filter(({ params: { since, deletedSince } }) => isFrom(plan.params.since, since) && isFrom(plan.params.deletedSince, deletedSince))
    .map(({ id }) => id);
}

function beginningOf({ params: { since } }: ReadingPlan): number {
  return since === null ? 0 : Date.parse(since);
}

/** Whether what is read since `one` holds what is read since `other`; null: since ever. */
function isFrom(one: string | null, other: string | null): boolean {
  return one === null || (other !== null && Date.parse(one) <= Date.parse(other));
}
