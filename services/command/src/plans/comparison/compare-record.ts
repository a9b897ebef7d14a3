import {
  commitTime, doubtOf, effectiveFields, fieldWrites, sameValue, voidedAt, type Clock, type RecordState,
} from '@clientele/domain';
import type { Answer } from '../../reading/record-read-command.ts';

/** Where what we hold of a record is not what its provider shows. */
export interface Difference {
  readonly reading: Answer;
  /** The record as we hold it; null: not at all. */
  readonly state: RecordState | null;
  /** Leaf paths whose values differ; empty where it is the record's life that does. */
  readonly paths: readonly string[];
}

/** Null where the two agree, or ours is of a later time than the reading. */
export function differenceOf(reading: Answer, state: RecordState | null): Difference | null {
  const until = Date.parse(reading.window.until);
  const isLater = (clock: Clock | null): boolean => clock !== null && commitTime(clock) > until;
  if (state === null || state.version === 0) return reading.kind === 'deleted' ? null : { reading, state: null, paths: [] };
  const isAlive = reading.kind === 'found';
  if (isAlive !== (state.lifecycle === 'active')) return isLater(state.lifecycleClock) || isLater(state.floor) ? null : { reading, state, paths: [] };
  if (!isAlive) return null;
  const held = effectiveFields(state);
  const paths = fieldWrites(reading.fields)
    .filter(({ path, value }) => {
      const ours = held.get(path);
      return !sameValue(ours?.value ?? null, value) && !isLater(ours?.clock ?? voidedAt(path, state));
    })
    .map(({ path }) => path);
  return paths.length === 0 ? null : { reading, state, paths };
}

/**
 * Why they differ, as far as can be told:
 * - `gap`: we know that we are in doubt about the record.
 * - `late`: its last change is so recent that the feed may still bring it, or was committed longer after its stamp than the source's margin
 *   says, so that a look that should have seen it did not.
 * - `mapping`: we have seen its last change, and many records differ at the same paths: the feed does not carry them, or we understand them
 *   differently.
 * - `missed`: a change never came.
 */
export type DriftCause = 'missed' | 'late' | 'gap' | 'mapping';
export const DRIFT_CAUSES: readonly DriftCause[] = ['missed', 'late', 'gap', 'mapping'];

const RECENT_MS = 60_000;
const WHOLE_SECOND_MS = 999;

/** Whether a change may still be on its way here. A deletion does not say when it was. */
export function isRecent({ reading }: Difference): boolean {
  const changedAt = changeTime(reading);
  return changedAt === null || Date.parse(reading.window.until) - changedAt < RECENT_MS;
}

/** @param systematic paths at which many records differ. */
export function causeOf(difference: Difference, systematic: ReadonlySet<string>): DriftCause {
  const { reading, state, paths } = difference;
  const changedAt = changeTime(reading);
  if (state !== null && doubtOf(state) !== null) return 'gap';
  if (changedAt !== null && isRecent(difference)) return 'late';
  if (state === null || paths.length === 0 || changedAt === null) return 'missed';
  if (paths.every((path) => wasLookedAtSince(path, state, changedAt))) return 'late';
  return paths.every((path) => systematic.has(path)) && newestKnown(state) >= changedAt ? 'mapping' : 'missed';
}

/** Few differences at one path are chance. */
const LEAST_SYSTEMATIC = 20;
const SYSTEMATIC_SHARE = 0.2;

/** Paths at which so many of the compared records differ that it is no lost change. */
export function systematicPaths(differences: readonly Difference[], compared: number): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { paths } of differences) for (const path of paths) counts.set(path, (counts.get(path) ?? 0) + 1);
  const least = Math.max(LEAST_SYSTEMATIC, compared * SYSTEMATIC_SHARE);
  return new Set([...counts].filter(([, count]) => count >= least).map(([path]) => path));
}

function changeTime(reading: Answer): number | null {
  return reading.kind === 'found' && reading.changedAt !== null ? Date.parse(reading.changedAt) : null;
}

/** A look that began after the record's last stamp is what we hold at the path, and found something else. */
function wasLookedAtSince(path: string, { fields, reads }: RecordState, changedAt: number): boolean {
  const read = reads.get(path);
  return read !== undefined && !fields.has(path) && read.mark.from > changedAt;
}

/** The latest time that we know of the record, to the end of its second. */
function newestKnown({ fields, floor, lifecycleClock, read }: RecordState): number {
  let latest = read?.mark.until ?? 0;
  for (const clock of [floor, lifecycleClock, ...Array.from(fields.values(), (field) => field.clock)]) {
    if (clock !== null) latest = Math.max(latest, commitTime(clock) + WHOLE_SECOND_MS);
  }
  return latest;
}
