import type { Clock } from './clock.ts';
import type { RecordState } from './record.ts';

/**
 * Since when the record is in doubt, or null. A value that is later than the deletion, with no create or undelete since, cannot be: either
 * the restoration was lost or the source's clock is wrong, and only a look at the source can tell. Follows from clocks alone, so it is the
 * same whichever came first: the earliest clock among such values.
 */
export function dirtySince(state: RecordState): Clock | null {
  const deletedAt = state.lifecycleClock;
  if (state.lifecycle !== 'deleted' || deletedAt === null) return null;
  let earliest: Clock | null = null;
  for (const { clock } of state.fields.values()) {
    if (clock > deletedAt && (earliest === null || clock < earliest)) earliest = clock;
  }
  return earliest;
}
