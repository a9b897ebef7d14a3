import type { Change, FieldWrite } from '../change.ts';
import { isLater, type Clock } from '../clock.ts';
import type { Lifecycle } from '../event.ts';
import { ancestorsOf } from '../path.ts';
import type { RecordState } from '../record.ts';

/** What a change moves in a record, clocks alone considered. */
export interface Moves {
  readonly fields: readonly FieldWrite[];
  readonly lost: readonly FieldWrite[];
  readonly floor: boolean;
  readonly lifecycle: Lifecycle | null;
}

export function movesOf(change: Change, state: RecordState): Moves {
  const fields: FieldWrite[] = [];
  const lost: FieldWrite[] = [];
  for (const write of change.fields) (wins(write.path, change.clock, state) ? fields : lost).push(write);
  const lifecycle = lifecycleSetBy(change);
  return {
    fields,
    lost,
    floor: carriesWholeRecord(change) && isLater(change.clock, state.floor),
    lifecycle: lifecycle !== null && isLater(change.clock, state.lifecycleClock) ? lifecycle : null,
  };
}

export function movesNothing(moves: Moves): boolean {
  return moves.fields.length === 0 && !moves.floor && moves.lifecycle === null;
}

/**
 * Whether a write at this clock would stand: above the floor, later than what stands at the path, and not older than an ancestor. A later
 * component does not stop it, since the write still voids the component's older siblings, come or to come.
 */
function wins(path: string, clock: Clock, state: RecordState): boolean {
  if (state.floor !== null && clock < state.floor) return false;
  if (!isLater(clock, state.fields.get(path)?.clock ?? null)) return false;
  return !path.includes('.') || ancestorsOf(path).every((ancestor) => !isLater(state.fields.get(ancestor)?.clock ?? clock, clock));
}

function carriesWholeRecord(change: Change): boolean {
  return change.kind === 'create' || change.kind === 'undelete';
}

function lifecycleSetBy(change: Change): Lifecycle | null {
  switch (change.kind) {
    case 'create':
    case 'undelete':
      return 'active';
    case 'delete':
      return 'deleted';
    case 'update':
      return null;
  }
}
