import { isBefore, type RecordReference } from './read.ts';
import type { RecordState } from './record.ts';

/** The record that a deleted one lives on in, as far as known: told by the look that counts, and by none from before its last deletion. */
export function survivorOf({ lifecycle, lifecycleClock, read, survivor }: RecordState): RecordReference | null {
  if (survivor === null || lifecycle === 'active' || read?.mark.order !== survivor.mark.order) return null;
  if (lifecycleClock !== null && isBefore(survivor.mark, lifecycleClock)) return null;
  return { entity: survivor.entity, externalId: survivor.externalId };
}
