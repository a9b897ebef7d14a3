import type { AggregateDefinition } from '../definition.ts';
import type { RecordChanged } from '../event.ts';
import { isLaterRead, type RecordReading } from '../read.ts';
import { lifecycleOf, type RecordState } from '../record.ts';
import { defaultContext, type DecidingContext } from './deciding-context.ts';
import type { Decision } from './decision.ts';
import { movesNothing, movesOfReading, type Moves } from './moves.ts';
import { unfold } from './unfold.ts';

/**
 * Decides what a look at a record means for what is known of it. What it found counts against every change that it has seen; later changes
 * stand, and what is in doubt is so until a look that began later.
 */
export function processRecordRead(
  reading: RecordReading, state: RecordState, definition: AggregateDefinition, context: DecidingContext = defaultContext,
): Decision {
  const { mark, result } = reading;
  const moves = movesOfReading(reading, state);
  const isLatest = isLaterRead(mark, state.read?.mark ?? null);
  const completes = result === 'found' && !state.complete;
  const event = movesNothing(moves) && !isLatest && !completes ? null : eventOf(reading, moves, state);
  const survivor = isLatest && reading.survivor !== null ? { ...reading.survivor, mark } : null;
  return unfold({ clock: mark.order, event, gap: false, survivor, lost: moves.lost, warnings: [] }, state, definition, { ...context, own: false });
}

function eventOf({ mark, result }: RecordReading, { diffs: _, ...moves }: Moves, state: RecordState): RecordChanged {
  return { type: typeOf({ result }, moves, state), clock: mark.order, ...moves, changed: [], state: null, read: { mark, result } };
}

function typeOf(read: Pick<RecordReading, 'result'>, { lifecycle }: Pick<Moves, 'lifecycle'>, state: RecordState): RecordChanged['type'] {
  if (state.version === 0) return lifecycleOf(read) === 'active' ? 'Created' : 'Deleted';
  if (lifecycle === null || lifecycle === state.lifecycle) return 'Updated';
  return lifecycle === 'active' ? 'Restored' : 'Deleted';
}
