import { ValidationError, type EntityMapping, type EventWriteDTO } from '@clientele/contracts';
import { clockOf, type ChangeKind, type Clock } from '@clientele/domain';
import type { Translation } from '../provider.ts';
import { inEventNames } from './event-names.ts';
import { decodeByCount, hasBitmaps } from './pub-sub-bitmaps.ts';
import { writtenFields, type UpdateNames, type WrittenFields } from './written-fields.ts';

type EventType = NonNullable<EventWriteDTO['event_type']>;

/** What a change of a known kind is to the domain; any other event type is none that Salesforce can send. */
const CHANGE_KINDS: Partial<Record<EventType, ChangeKind>> = { Created: 'create', Updated: 'update', Deleted: 'delete', Restored: 'undelete' };
/** What was missed behind a gap. Of a deletion nothing is missing: it never says more than that it was. */
const GAP_KINDS: Partial<Record<EventType, ChangeKind>> = { Created: 'gap_create', Updated: 'gap_update', Deleted: 'delete', Restored: 'gap_undelete' };

/** @throws ValidationError where a change names no record, or its clock cannot be read. */
export function translate(write: EventWriteDTO, entities: Readonly<Record<string, EntityMapping>>): Translation {
  const { id, source, entity, external_id: externalId, event_type: eventType, metadata } = write;
  const clock = clockOfWrite(write);
  if (metadata.kind === 'entity_gap') return { kind: 'entity_gap', source, entity, clock, stamped: isOverflow(write), detail: entityGapDetail(write) };
  const known = metadata.kind === 'unknown' || eventType === undefined ? undefined : (metadata.kind === 'gap' ? GAP_KINDS : CHANGE_KINDS)[eventType];
  if (known === undefined) return { kind: 'unsupported', reason: 'unknown_change_type', detail: `${metadata.source_change_type} of ${entity}: a kind of change that is not known` };
  if (externalId === undefined) throw wrong('external_id', 'required', 'is missing: a change names its record');
  const { data, nameOf } = inEventNames(entity, write.data);
  const enriched = (Object.hasOwn(entities, entity) ? (entities[entity]?.enriched ?? []) : []).map(nameOf);
  const names = namesOf({ ...write, data }, enriched, nameOf);
  const { kind, ...written } = asToldBy(known, data, names, enriched);
  const { fields, diffs, hints, warnings } = written;
  const change = { id, kind, key: { source, entity, externalId }, clock, fields, ...(diffs.length > 0 ? { diffs } : {}), occurredAt: write.occurred_at };
  return { kind: 'change', change, hints, warnings };
}

/** An update whose names we cannot read, or that tells no value of what it names, is the news that something changed, no more. */
function asToldBy(known: ChangeKind, data: EventWriteDTO['data'], names: UpdateNames | null, enriched: readonly string[]): WrittenFields & { readonly kind: ChangeKind } {
  if (known !== 'update') return { kind: known, ...writtenFields(known, data, NO_NAMES, enriched) };
  const update = names === null ? null : writtenFields(known, data, names, enriched);
  if (update !== null && update.fields.length + update.diffs.length > 0) return { kind: known, ...update };
  return { kind: 'gap_update', ...writtenFields('gap_update', data, NO_NAMES, enriched), warnings: update?.warnings ?? [] };
}

const NO_NAMES: UpdateNames = { changed: [], nulled: null, diffs: [] };

function namesOf(write: EventWriteDTO, enriched: readonly string[], nameOf: (name: string) => string): UpdateNames | null {
  const { changed_fields: changed = [], nulled_fields: nulled = null, diff_fields: diffs = null } = write.metadata;
  if (!hasBitmaps(write.metadata)) return { changed: changed.map(nameOf), nulled: nulled?.map(nameOf) ?? null, diffs };
  const decoded = decodeByCount(write, enriched);
  return decoded === null ? null : { ...decoded, nulled: [] };
}

/** More changes in one transaction than are told. A wildcard stands for what the database did by itself, stamping nothing. */
function isOverflow({ metadata }: EventWriteDTO): boolean {
  return metadata.source_change_type === 'GAP_OVERFLOW';
}

function entityGapDetail({ entity, metadata }: EventWriteDTO): string {
  return `${metadata.source_change_type} of ${entity}: Salesforce says that records of this object changed, not which`;
}

function clockOfWrite({ id, metadata: { clock } }: EventWriteDTO): Clock {
  try {
    return clockOf({ commitTime: Date.parse(clock.commit_time), commitNumber: clock.commit_number, sequenceNumber: clock.sequence_number, changeId: id });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw wrong('metadata.clock', 'range', error.message);
  }
}

function wrong(path: string, code: string, message: string): ValidationError {
  return new ValidationError(`${path} ${message}`, [{ path, code, message }]);
}
