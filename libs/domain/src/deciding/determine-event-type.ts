import type { Change } from '../change.ts';
import type { RecordChanged } from '../event.ts';
import type { RecordState } from '../record.ts';
import { setsLifecycle } from './moves.ts';

/**
 * What a change is to the record that we know. A create of a known record is an update, and so is an undelete that a later deletion has
 * overtaken: it brings values, but restores nothing. That something of it is missing does not change what it is.
 */
export function determineEventType(existing: RecordState, change: Change): RecordChanged['type'] {
  switch (change.kind) {
    case 'create':
    case 'gap_create':
      return existing.version === 0 ? 'Created' : 'Updated';
    case 'update':
    case 'gap_update':
      return 'Updated';
    case 'delete':
      return setsLifecycle(change.clock, existing) ? 'Deleted' : 'Updated';
    case 'undelete':
    case 'gap_undelete':
      return setsLifecycle(change.clock, existing) ? 'Restored' : 'Updated';
  }
}
