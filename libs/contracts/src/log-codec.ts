import { EVENT_TYPES, isJsonObject, type ClockParts, type DomainEvent, type EventType, type JsonObject } from '@clientele/domain';
import { decodeDomainEvent, joinPersonal } from './event-codec.ts';
import { parseWritten, stringifyExact } from './exact-json.ts';
import { NewerSchemaError } from './errors.ts';
import type { EventMetadata, LogEntry, StoredEvent, StoredOutcome } from './log-entry.ts';
import { OUTCOMES, type Outcome } from './outcome.ts';
import { newestSchemaVersion, upcast, UPCASTERS, type Upcasters } from './upcasters.ts';

/** A row of `published.event_log`. JSON comes as text; 64-bit numbers may come as text too. */
export interface EventLogRow {
  readonly position: string | number;
  readonly id: string;
  readonly kind: 'event' | 'outcome';
  readonly stream_id: string | null;
  readonly stream_type: string | null;
  readonly version: string | number | null;
  readonly type: string;
  readonly schema_version: number;
  readonly data: string;
  readonly personal: string | null;
  readonly metadata: string;
  readonly occurred_at: Date | string | null;
  readonly recorded_at: Date | string;
}

/** The JSON texts of an entry. */
export interface EncodedEntry {
  readonly data: string;
  readonly personal: string | null;
  readonly metadata: string;
}

/** The columns that an outcome fills besides `type`. What the change carried of the record is taken for personal: nothing here can tell. */
export function encodeOutcome(entry: Omit<StoredOutcome, 'kind' | 'position' | 'id' | 'recordedAt'>): EncodedEntry {
  const { changeId, reason, errors, warnings, aggregateId, event, correlationId, source, provider, receivedAt } = entry;
  const { data: fields, ...open } = event ?? { data: null };
  return {
    data: stringifyExact({ changeId, reason, errors, warnings, aggregateId, event: event === null ? null : open }),
    personal: event === null ? null : stringifyExact({ event: { data: fields } }),
    metadata: stringifyExact({ correlationId, source, provider, receivedAt }),
  };
}

/**
 * The log entry of a row, its data brought to the newest schema.
 * @throws NewerSchemaError where this code cannot read the row; TypeError where it is not of its shape.
 */
export function logEntryFromRow(row: EventLogRow, upcasters: Upcasters = UPCASTERS): LogEntry {
  return row.kind === 'event' ? storedEvent(row, upcasters) : storedOutcome(row);
}

/** What of an event's row its domain event is made of. */
export type RecordEventRow = Pick<EventLogRow, 'type' | 'schema_version' | 'data' | 'personal' | 'metadata'>;

/** The domain event of a row, without the rest of the log entry: for replaying. @throws as {@link logEntryFromRow} and {@link decodeDomainEvent}. */
export function domainEventFromRow(row: RecordEventRow, upcasters: Upcasters = UPCASTERS): DomainEvent {
  const type = eventType(row.type);
  const { clock } = objectIn(row.metadata);
  if (!isClockParts(clock)) throw new TypeError(`an event of type ${type} without its clock`);
  return decodeDomainEvent({ type, data: upcast(type, row.schema_version, joined(row), upcasters), metadata: { clock } });
}

function storedEvent(row: EventLogRow, upcasters: Upcasters): StoredEvent {
  const type = eventType(row.type);
  if (row.stream_id === null || row.stream_type === null || row.version === null || row.occurred_at === null) {
    throw new TypeError(`log entry ${row.position}: an event without its stream`);
  }
  const metadata: object = objectIn(row.metadata);
  if (!isMetadata(metadata)) throw new TypeError(`log entry ${row.position}: not an event's metadata`);
  return {
    kind: 'event', position: Number(row.position), id: row.id, streamId: row.stream_id, streamType: row.stream_type,
    version: Number(row.version), type, schemaVersion: newestSchemaVersion(type, upcasters),
    data: upcast(type, row.schema_version, joined(row), upcasters), metadata,
    occurredAt: instant(row.occurred_at), recordedAt: instant(row.recorded_at),
  };
}

function storedOutcome(row: EventLogRow): StoredOutcome {
  const entry = { ...joined(row), ...objectIn(row.metadata) };
  if (!isOutcome(entry)) throw new TypeError(`log entry ${row.position}: not an outcome as encodeOutcome writes it`);
  return { ...entry, kind: 'outcome', position: Number(row.position), id: row.id, outcome: outcomeOf(row.type), recordedAt: instant(row.recorded_at) };
}

function joined(row: Pick<EventLogRow, 'data' | 'personal'>): JsonObject {
  return joinPersonal(objectIn(row.data), row.personal === null ? null : objectIn(row.personal));
}

function objectIn(text: string): JsonObject {
  const value = parseWritten(text);
  if (!isJsonObject(value)) throw new TypeError('log entry: JSON that is no object');
  return value;
}

// What stands in the log was written by this code or an older one: the guards tell a row of another shape, not each of its values.

function isClockParts(value: unknown): value is ClockParts {
  return typeof value === 'object' && value !== null && 'commitTime' in value && 'commitNumber' in value && 'sequenceNumber' in value && 'changeId' in value;
}

function isMetadata(value: object): value is EventMetadata {
  return 'correlationId' in value && 'commandId' in value && 'clock' in value && 'change' in value && 'broadcast' in value;
}

type OutcomeBody = Omit<StoredOutcome, 'kind' | 'position' | 'id' | 'outcome' | 'recordedAt'>;

function isOutcome(value: object): value is OutcomeBody {
  return 'changeId' in value && 'reason' in value && 'errors' in value && 'event' in value && 'correlationId' in value && 'receivedAt' in value;
}

function outcomeOf(type: string): Outcome {
  const known = OUTCOMES.find((name) => name === type);
  if (known === undefined) throw new NewerSchemaError(`no outcome ${type} can be read by this version`);
  return known;
}

function eventType(type: string): EventType {
  const known = EVENT_TYPES.find((name) => name === type);
  if (known === undefined) throw new NewerSchemaError(`no event of type ${type} can be read by this version`);
  return known;
}

function instant(time: Date | string): string {
  return (time instanceof Date ? time : new Date(time)).toISOString();
}
