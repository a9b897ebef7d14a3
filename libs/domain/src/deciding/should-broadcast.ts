import type { AggregateDefinition } from '../definition.ts';
import type { DomainEvent, RecordChanged } from '../event.ts';
import type { RecordState } from '../record.ts';
import { isSilent, statusOf } from '../status.ts';

/** Why an event is told to others, or not. Kept in the event's metadata. */
export type BroadcastReason =
  | 'no_value_changed'
  | 'own_change'
  | 'status_silent'
  | 'dirty'
  | 'status_unknown'
  | 'status_public'
  | 'record_deleted'
  | 'deletion_of_public_record'
  | 'deletion_of_unannounced_record'
  | 'withdrawal'
  | 'nothing_withheld'
  | 'withheld_until_now'
  | 'merge'
  | 'conversion';

export interface Broadcast {
  readonly broadcast: boolean;
  readonly reason: BroadcastReason;
}

/** What keeps a record's events from others, whatever its status. */
export interface Restraint {
  /** The record is in doubt, and a read will end that. */
  readonly dirty: boolean;
  /** The change is our own, and such changes are not told. */
  readonly own: boolean;
}

const unrestrained: Restraint = { dirty: false, own: false };

/** @param stateAfter the state that the event leads to, by which it is judged. */
export function shouldBroadcast(event: DomainEvent, stateAfter: RecordState, definition: AggregateDefinition, restraint: Restraint = unrestrained): Broadcast {
  switch (event.type) {
    case 'Withdrawn':
      return tell('withdrawal');
    case 'MarkedDirty':
      return keep('dirty');
    case 'Cleaned':
      return stateAfter.withheld ? ofLiving(stateAfter, definition, unrestrained, 'withheld_until_now') : keep('nothing_withheld');
    case 'Merged':
      return isSilent(statusOf(stateAfter, definition), definition) ? keep('status_silent') : tell('merge');
    case 'Converted':
      return restraint.own ? keep('own_change') : ofLiving(stateAfter, definition, restraint, 'conversion');
    default:
      return ofChange(event, stateAfter, definition, restraint);
  }
}

function ofChange(event: RecordChanged, stateAfter: RecordState, definition: AggregateDefinition, restraint: Restraint): Broadcast {
  if (event.changed.length === 0) return keep('no_value_changed');
  if (restraint.own) return keep('own_change');
  // Doubt does not hold up the news that a record is gone.
  if (event.type === 'Deleted') return stateAfter.announced ? tell('deletion_of_public_record') : keep('deletion_of_unannounced_record');
  return ofLiving(stateAfter, definition, restraint);
}

function ofLiving(state: RecordState, definition: AggregateDefinition, { dirty }: Restraint, reason?: BroadcastReason): Broadcast {
  // A late change of a record that is gone must not bring it back at those who were told so.
  if (state.lifecycle === 'deleted') return keep('record_deleted');
  const status = statusOf(state, definition);
  if (isSilent(status, definition)) return keep('status_silent');
  if (dirty) return keep('dirty');
  return tell(reason ?? (status === null || !isListed(status, definition) ? 'status_unknown' : 'status_public'));
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
