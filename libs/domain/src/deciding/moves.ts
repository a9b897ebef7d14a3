import type { Change, FieldWrite } from '../change.ts';
import { isLater } from '../clock.ts';
import type { Lifecycle } from '../event.ts';
import type { RecordState } from '../record.ts';
import { winsAt } from '../wins.ts';

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
  for (const write of change.fields) (winsAt(write.path, change.clock, state) ? fields : lost).push(write);
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

function carriesWholeRecord(change: Change): boolean {
  return change.kind === 'create' || change.kind === 'undelete';
}

function lifecycleSetBy(change: Change): Lifecycle | null {
  switch (change.kind) {
    case 'create':
    case 'undelete':
    case 'gap_create':
    case 'gap_undelete':
      return 'active';
    case 'delete':
      return 'deleted';
    case 'update':
    case 'gap_update':
      return null;
  }
}
