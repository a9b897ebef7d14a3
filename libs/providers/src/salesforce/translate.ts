import { ValidationError, type EntityMapping, type EventWriteDTO } from '@clientele/contracts';
import { clockOf, type ChangeKind, type Clock } from '@clientele/domain';
import type { Translation, Unsupported } from '../provider.ts';
import { undecodable, writtenFields } from './written-fields.ts';

/** What a change of a known kind is to the domain; any other event type is none that Salesforce can send. */
const CHANGE_KINDS: Partial<Record<NonNullable<EventWriteDTO['event_type']>, ChangeKind>> = {
  Created: 'create',
  Updated: 'update',
  Deleted: 'delete',
  Restored: 'undelete',
};

/** @throws ValidationError where a change names no record, or its clock cannot be read. */
export function translate(write: EventWriteDTO, entities: Readonly<Record<string, EntityMapping>>): Translation {
  const { id, source, entity, external_id: externalId, event_type: eventType, metadata } = write;
  const kind = metadata.kind === 'change' && eventType !== undefined ? CHANGE_KINDS[eventType] : undefined;
  if (kind === undefined) return unsupported(`${metadata.source_change_type} of ${entity}: ${REASONS[metadata.kind]}`);
  if (externalId === undefined) throw wrong('external_id', 'required', 'is missing: a change names its record');
  const obstacle = undecodable(write);
  if (obstacle !== null) return unsupported(`${metadata.source_change_type} of ${entity} ${externalId}: ${obstacle}`);
  const enriched = Object.hasOwn(entities, entity) ? (entities[entity]?.enriched ?? []) : [];
  const { fields, hints, warnings } = writtenFields(kind, write, enriched);
  const change = { id, kind, key: { source, entity, externalId }, clock: clockOfWrite(write), fields, occurredAt: write.occurred_at };
  return { kind: 'change', change, hints, warnings };
}

const REASONS: Readonly<Record<EventWriteDTO['metadata']['kind'], string>> = {
  change: 'an event type that no Salesforce change has',
  gap: 'Salesforce says that the record changed, not how',
  entity_gap: 'Salesforce says that records of this object changed, not which',
  unknown: 'a kind of change that is not known',
};

function clockOfWrite({ id, metadata: { clock } }: EventWriteDTO): Clock {
  try {
    return clockOf({ commitTime: Date.parse(clock.commit_time), commitNumber: clock.commit_number, sequenceNumber: clock.sequence_number, changeId: id });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw wrong('metadata.clock', 'range', error.message);
  }
}

function unsupported(detail: string): Unsupported {
  return { kind: 'unsupported', reason: 'unsupported_change', detail };
}

function wrong(path: string, code: string, message: string): ValidationError {
  return new ValidationError(`${path} ${message}`, [{ path, code, message }]);
}
