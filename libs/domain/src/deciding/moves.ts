import type { Change, FieldWrite, TextDiff } from '../change.ts';
import { isLater, type Clock } from '../clock.ts';
import type { Lifecycle } from '../event.ts';
import { childPath } from '../path.ts';
import { hasSeen, isLaterRead, type RecordReading } from '../read.ts';
import { lifecycleOf, MOST_DIFFS, type RecordState } from '../record.ts';
import { readCountsAt, winsAt } from '../wins.ts';
import type { DecidingContext } from './deciding-context.ts';
import { patchedAt } from './text-diffs.ts';

/** What a change, or a look, moves in a record, clocks alone considered. */
export interface Moves {
  readonly fields: readonly FieldWrite[];
  readonly lost: readonly FieldWrite[];
  /** Text differences that find no text that they fit. */
  readonly diffs: readonly TextDiff[];
  readonly floor: boolean;
  readonly lifecycle: Lifecycle | null;
}

export function movesOf(change: Change, state: RecordState, patch: DecidingContext['patch']): Moves {
  const { clock } = change;
  const fields: FieldWrite[] = [];
  const lost: FieldWrite[] = [];
  const diffs: TextDiff[] = [];
  for (const write of change.fields) (winsAt(write.path, clock, state) ? fields : lost).push(write);
  for (const diff of change.diffs ?? []) {
    const value = winsAt(diff.path, clock, state) ? patchedAt({ ...diff, clock }, state, patch) : undefined;
    if (typeof value === 'string') fields.push({ path: diff.path, value });
    else if (value === null && isKept(diff, clock, state)) diffs.push(diff);
    else lost.push({ path: childPath(diff.path, 'diff'), value: diff.patch });
  }
  const lifecycle = lifecycleSetBy(change);
  return {
    fields,
    lost,
    diffs,
    floor: carriesWholeRecord(change) && isLater(clock, state.floor),
    lifecycle: lifecycle !== null && setsLifecycle(clock, state) ? lifecycle : null,
  };
}

/** What a look moves: the paths where it counts, and the lifecycle, where it has seen the change that set it. */
export function movesOfReading({ fields: found, mark, result }: RecordReading, state: RecordState): Moves {
  const fields: FieldWrite[] = [];
  const lost: FieldWrite[] = [];
  for (const leaf of found) (readCountsAt(leaf.path, mark, state) ? fields : lost).push(leaf);
  const { lifecycleClock } = state;
  const speaks = isLaterRead(mark, state.read?.mark ?? null) && (lifecycleClock === null || hasSeen(mark, lifecycleClock));
  return { fields, lost, diffs: [], floor: false, lifecycle: speaks ? lifecycleOf({ result }) : null };
}

export function movesNothing({ fields, diffs, floor, lifecycle }: Moves): boolean {
  return fields.length === 0 && diffs.length === 0 && !floor && lifecycle === null;
}

/** Whether the record's life is told by a change of this clock: no later change tells, and no look has seen it. */
export function setsLifecycle(clock: Clock, { lifecycleClock, read }: RecordState): boolean {
  return isLater(clock, lifecycleClock) && (read === null || !hasSeen(read.mark, clock));
}

function isKept({ path }: TextDiff, clock: Clock, { diffs }: RecordState): boolean {
  const pending = diffs.filter((diff) => diff.path === path);
  if (pending.some((diff) => diff.clock === clock)) return false;
  return pending.length < MOST_DIFFS || pending.some((diff) => diff.clock < clock);
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
