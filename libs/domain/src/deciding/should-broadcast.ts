import type { AggregateDefinition } from '../definition.ts';
import type { DomainEvent } from '../event.ts';
import type { RecordState } from '../record.ts';
import { isSilent, statusOf } from '../status.ts';

/** Why an event is told to others, or not. Kept in the event's metadata. */
export type BroadcastReason =
  | 'no_value_changed'
  | 'status_silent'
  | 'status_unknown'
  | 'status_public'
  | 'record_deleted'
  | 'deletion_of_public_record'
  | 'deletion_of_unannounced_record'
  | 'withdrawal'
  | 'dirty'
  | 'own_change'
  | 'nothing_withheld'
  | 'merge';

export interface Broadcast {
  readonly broadcast: boolean;
  readonly reason: BroadcastReason;
}

/** @param stateAfter the state that the event leads to, by which it is judged. */
export function shouldBroadcast(event: DomainEvent, stateAfter: RecordState, definition: AggregateDefinition): Broadcast {
  if (event.type === 'Withdrawn') return tell('withdrawal');
  if (!('changed' in event)) return keep('dirty');
  if (event.changed.length === 0) return keep('no_value_changed');
  if (event.type === 'Deleted') return stateAfter.announced ? tell('deletion_of_public_record') : keep('deletion_of_unannounced_record');
  // A late change of a record that is gone must not bring it back at those who were told so.
  if (stateAfter.lifecycle === 'deleted') return keep('record_deleted');
  const status = statusOf(stateAfter, definition);
  if (isSilent(status, definition)) return keep('status_silent');
  return tell(status === null || !isListed(status, definition) ? 'status_unknown' : 'status_public');
}

/** Whether others hold a record that they should no longer have. */
export function shouldWithdraw(state: RecordState, definition: AggregateDefinition): boolean {
  if (!state.announced || !definition.announceWithdrawal) return false;
  return state.lifecycle === 'deleted' || isSilent(statusOf(state, definition), definition);
}

function isListed(status: string, definition: AggregateDefinition): boolean {
  return definition.statusValues === null || definition.statusValues.includes(status);
}

function tell(reason: BroadcastReason): Broadcast {
  return { broadcast: true, reason };
}

function keep(reason: BroadcastReason): Broadcast {
  return { broadcast: false, reason };
}
