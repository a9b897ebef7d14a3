import type { RecordChanged } from '../event.ts';
import type { PendingDiff, RecordState } from '../record.ts';
import type { DecidingContext } from './deciding-context.ts';

/**
 * The text after a difference, or null where it fits nothing that is known to have stood at its path before: the value that an earlier
 * change set, or what a look found. Which of them it was is proved by the outcome, so a text that is found is certain.
 */
export function patchedAt({ path, patch: difference, clock }: PendingDiff, { fields, reads }: RecordState, patch: DecidingContext['patch']): string | null {
  const changed = fields.get(path);
  const bases = [changed !== undefined && changed.clock < clock ? changed.value : null, reads.get(path)?.value];
  for (const base of bases) {
    const text = typeof base === 'string' ? patch(base, difference) : null;
    if (text !== null) return text;
  }
  return null;
}

/** The update that a pending difference at one of the paths turns out to be; null: none does. */
export function settledDiff(state: RecordState, paths: ReadonlySet<string>, patch: DecidingContext['patch']): RecordChanged | null {
  for (const diff of state.diffs) {
    const { path, clock } = diff;
    const value = paths.has(path) ? patchedAt(diff, state, patch) : null;
    if (value !== null) return { type: 'Updated', clock, fields: [{ path, value }], lost: [], floor: false, lifecycle: null, changed: [], state: null };
  }
  return null;
}
