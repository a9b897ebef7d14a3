import type { Clock } from './clock.ts';
import type { ReadReason } from './deciding/deciding-context.ts';
import { voidedAt } from './effective-fields.ts';
import type { Json } from './json.ts';
import { ancestorsOf } from './path.ts';
import { hasSeen, isInWindow, isLaterRead, type FieldRead } from './read.ts';
import { lifecycleOf, type LatestRead, type RecordState } from './record.ts';
import { sameValue } from './same-value.ts';

/** Why a record is in doubt. */
export interface Doubt {
  /** The earliest clock that gives cause, and what cause it is. */
  readonly since: Clock;
  readonly reason: ReadReason;
  /** The latest clock that does: a look that has seen this change has seen them all. */
  readonly until: Clock;
}

/** Since when the record is in doubt, or null. */
export function dirtySince(state: RecordState): Clock | null {
  return doubtOf(state)?.since ?? null;
}

/**
 * What is in doubt about a record, or null. It follows from clocks alone, so it is the same whatever came first. A cause does not count
 * that the look which counts has seen, nor one from before the record's deletion, while it is deleted.
 */
export function doubtOf(state: RecordState): Doubt | null {
  const { lifecycle, lifecycleClock, complete, read, gaps, diffs } = state;
  if (complete && read === null && lifecycle === 'active' && gaps.length === 0 && diffs.length === 0) return null;
  const causes: Cause[] = [...gaps.map((clock) => cause('gap', clock)), ...diffs.map(({ clock }) => cause('diff', clock))];
  if (lifecycle === 'deleted') causes.push(...changesAfterDeletion(state));
  if (read !== null) causes.push(...changesInWindows(state, read));
  const counting = causes.filter(({ clock }) => {
    if (read !== null && hasSeen(read.mark, clock)) return false;
    return lifecycle === 'active' || lifecycleClock === null || clock >= lifecycleClock;
  });
  return over([...missingCreate(state), ...counting]);
}

interface Cause {
  readonly reason: ReadReason;
  readonly clock: Clock;
}

function cause(reason: ReadReason, clock: Clock): Cause {
  return { reason, clock };
}

function over(causes: readonly Cause[]): Doubt | null {
  const [first, ...rest] = causes;
  if (first === undefined) return null;
  const earliest = rest.reduce((found, one) => (one.clock < found.clock ? one : found), first);
  const latest = rest.reduce((found, { clock }) => (clock > found ? clock : found), first.clock);
  return { since: earliest.clock, reason: earliest.reason, until: latest };
}

/** A value that is later than the deletion cannot be: the restoration was lost, or the source's clock is wrong. */
function changesAfterDeletion({ fields, lifecycleClock }: RecordState): Cause[] {
  return Array.from(fields.values(), ({ clock }) => clock)
    .filter((clock) => lifecycleClock === null || clock > lifecycleClock)
    .map((clock) => cause('after_deletion', clock));
}

/**
 * Of a record that was never seen whole the earliest that is known begins the doubt. It counts whatever a look has seen, since none has
 * found the record.
 */
function missingCreate({ complete, lifecycle, lifecycleClock, fields, gaps, diffs }: RecordState): Cause[] {
  if (complete || lifecycle === 'deleted') return [];
  let earliest = lifecycleClock;
  const take = (clock: Clock): void => {
    if (earliest === null || clock < earliest) earliest = clock;
  };
  for (const { clock } of fields.values()) take(clock);
  for (const { clock } of diffs) take(clock);
  gaps.forEach(take);
  return earliest === null ? [] : [cause('missing_create', earliest)];
}

/** What changed while the look was taken, and is not what it found: the look may have come before the change, or another change after. */
function changesInWindows(state: RecordState, read: LatestRead): Cause[] {
  const { fields, reads, lifecycle, lifecycleClock } = state;
  const clocks: Clock[] = [];
  if (lifecycleClock !== null && lifecycle !== lifecycleOf(read) && isInWindow(read.mark, lifecycleClock)) clocks.push(lifecycleClock);
  for (const [path, { value, mark }] of reads) {
    const field = fields.get(path);
    const clock = field?.clock ?? voidedAt(path, state);
    if (clock !== null && isInWindow(mark, clock) && !isSame(field?.value, value)) clocks.push(clock);
  }
  for (const [path, { value, clock }] of fields) {
    const whole = reads.has(path) ? null : readOfWhole(path, reads);
    if (whole !== null && value !== null && isInWindow(whole.mark, clock)) clocks.push(clock);
  }
  return clocks.map((clock) => cause('window', clock));
}

/** The look that counts at what the path is part of: it found nothing at the path. */
function readOfWhole(path: string, reads: RecordState['reads']): FieldRead | null {
  if (!path.includes('.')) return null;
  return ancestorsOf(path).reduce<FieldRead | null>((latest, ancestor) => {
    const read = reads.get(ancestor);
    return read !== undefined && isLaterRead(read.mark, latest?.mark ?? null) ? read : latest;
  }, null);
}

/** No value and an empty one are the same to a source. */
function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return sameValue(one ?? null, other ?? null);
}
