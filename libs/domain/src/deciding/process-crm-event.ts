import type { Change } from '../change.ts';
import type { Clock } from '../clock.ts';
import type { AggregateDefinition } from '../definition.ts';
import type { RecordChanged } from '../event.ts';
import { hasSeen } from '../read.ts';
import { MOST_GAPS, type RecordState } from '../record.ts';
import { brokenRules, feedRules } from '../rules/index.ts';
import { defaultContext, type DecidingContext } from './deciding-context.ts';
import type { Decision } from './decision.ts';
import { determineEventType } from './determine-event-type.ts';
import { movesNothing, movesOf } from './moves.ts';
import { unfold } from './unfold.ts';

/**
 * Decides what a change from a feed means for a record. Never refuses: what is newer is taken, path by path, what is older is kept as
 * lost, and what is odd is said in `warnings`. The order in which changes arrive has no part in the state that they lead to.
 */
export function processCrmEvent(
  change: Change, state: RecordState, definition: AggregateDefinition, context: DecidingContext = defaultContext,
): Decision {
  const { clock } = change;
  const oddities = brokenRules(feedRules, { change, state, definition });
  const { diffs, ...moves } = movesOf(change, state, context.patch);
  const event: RecordChanged | null = movesNothing({ ...moves, diffs }) ? null : {
    type: determineEventType(state, change), clock, ...moves, changed: [], state: null, ...(diffs.length > 0 ? { diffs } : {}),
  };
  const gap = isGap(change) && isRemembered(clock, state);
  return unfold({ clock, event, gap, survivor: null, lost: moves.lost, warnings: oddities }, state, definition, context);
}

function isGap({ kind }: Change): boolean {
  return kind === 'gap_create' || kind === 'gap_update' || kind === 'gap_undelete';
}

/** Whether a gap may still be in what is known: nothing that carries the whole record has come since, and no look. */
function isRemembered(clock: Clock, { floor, read, gaps }: RecordState): boolean {
  if ((floor !== null && clock < floor) || (read !== null && hasSeen(read.mark, clock)) || gaps.includes(clock)) return false;
  return gaps.length < MOST_GAPS || gaps.some((other) => other < clock);
}
