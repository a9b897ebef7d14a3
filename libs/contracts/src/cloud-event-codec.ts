import { isJsonObject, type ClockParts, type Json } from '@clientele/domain';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { CloudEvent, type PublishedEvent, type PublishedOutcome } from './cloud-event.ts';
import { parseWritten, stringifyExact } from './exact-json.ts';
import type { EventMetadata, LogEntry, StoredEvent, StoredOutcome } from './log-entry.ts';

/** A log entry as CloudEvents JSON; {@link decodeCloudEvent} gives the very same entry back. */
export function encodeCloudEvent(entry: LogEntry, incarnation: string): string {
  return stringifyExact({ ...attributes(entry, incarnation), data: entry.kind === 'event' ? publishedEvent(entry) : publishedOutcome(entry) });
}

/** The same without its data, which is had under `dataref`. */
export function encodeCloudEventReference(entry: LogEntry, incarnation: string, dataref: string): string {
  return stringifyExact({ ...attributes(entry, incarnation), dataref });
}

export interface DecodedCloudEvent {
  readonly incarnation: string;
  readonly position: number;
  /** Null where the event came without its data. */
  readonly entry: LogEntry | null;
}

const check = TypeCompiler.Compile(CloudEvent);

/** @throws SyntaxError or TypeError where the text is not an event that {@link encodeCloudEvent} wrote. */
export function decodeCloudEvent(text: string): DecodedCloudEvent {
  const value: unknown = parseWritten(text);
  if (!check.Check(value)) {
    const error = check.Errors(value).First();
    throw new TypeError(`not a published log entry: ${error?.path ?? ''} ${error?.message ?? ''}`);
  }
  const position = Number(value.logposition);
  const entry = value.data === undefined ? null : 'outcome' in value.data ? storedOutcome(value, value.data) : storedEvent(value, value.data);
  return { incarnation: value.logincarnation, position, entry };
}

function attributes(entry: LogEntry, incarnation: string): Omit<CloudEvent, 'data' | 'dataref'> {
  const event = entry.kind === 'event';
  return {
    specversion: '1.0',
    id: entry.id,
    source: '/clientele',
    type: event ? `clientele.${entry.streamType}.${entry.type.toLowerCase()}` : `clientele.ledger.${entry.outcome}`,
    subject: event ? entry.streamId : entry.changeId,
    time: event ? entry.occurredAt : entry.recordedAt,
    datacontenttype: 'application/json',
    logposition: String(entry.position),
    logincarnation: incarnation,
    recordedtime: entry.recordedAt,
    correlationid: event ? entry.metadata.correlationId : entry.correlationId,
    causationid: event ? entry.metadata.causationId : entry.changeId,
  };
}

/** What others see of a domain event. */
export function publishedEvent(event: StoredEvent): PublishedEvent {
  // What every consumer wants stands by itself. A value of another kind than theirs stays where it was, so that nothing is lost.
  const { changed, state, ...rest } = event.data;
  const details: Record<string, Json> = { ...rest };
  const liftChanged = Array.isArray(changed) && changed.every((path) => typeof path === 'string');
  const liftState = isJsonObject(state);
  if (!liftChanged && changed !== undefined) details['changed'] = changed;
  if (!liftState && state !== undefined) details['state'] = state;
  return {
    aggregate_id: event.streamId,
    aggregate_type: event.streamType,
    version: event.version,
    event_type: event.type,
    schema_version: event.schemaVersion,
    changed: liftChanged ? changed : null,
    state: liftState ? state : null,
    details,
    metadata: publishedMetadata(event.metadata),
  };
}

function storedEvent(cloudEvent: CloudEvent, data: PublishedEvent): StoredEvent {
  const { changed, state, details } = data;
  return {
    kind: 'event',
    position: Number(cloudEvent.logposition),
    id: cloudEvent.id,
    streamId: data.aggregate_id,
    streamType: data.aggregate_type,
    version: data.version,
    type: data.event_type,
    schemaVersion: data.schema_version,
    data: { ...details, ...(changed === null ? {} : { changed }), ...(state === null ? {} : { state }) },
    metadata: storedMetadata(data.metadata),
    occurredAt: cloudEvent.time,
    recordedAt: cloudEvent.recordedtime,
  };
}

function publishedOutcome(outcome: StoredOutcome): PublishedOutcome {
  return {
    aggregate_id: outcome.aggregateId,
    change_id: outcome.changeId,
    outcome: outcome.outcome,
    reason: outcome.reason,
    errors: [...outcome.errors],
    warnings: [...outcome.warnings],
    event: outcome.event,
    provider: outcome.provider,
    source: outcome.source,
    received_at: outcome.receivedAt,
  };
}

function storedOutcome(cloudEvent: CloudEvent, data: PublishedOutcome): StoredOutcome {
  return {
    kind: 'outcome',
    position: Number(cloudEvent.logposition),
    id: cloudEvent.id,
    changeId: data.change_id,
    outcome: data.outcome,
    reason: data.reason,
    errors: data.errors,
    warnings: data.warnings,
    aggregateId: data.aggregate_id,
    event: data.event,
    correlationId: cloudEvent.correlationid,
    source: data.source,
    provider: data.provider,
    receivedAt: data.received_at,
    recordedAt: cloudEvent.recordedtime,
  };
}

function publishedMetadata(metadata: EventMetadata): PublishedEvent['metadata'] {
  const { clock } = metadata;
  return {
    correlation_id: metadata.correlationId,
    causation_id: metadata.causationId,
    command_id: metadata.commandId,
    change_id: metadata.changeId,
    provider: metadata.provider,
    source: metadata.source,
    entity: metadata.entity,
    external_id: metadata.externalId,
    clock: {
      commit_time: new Date(clock.commitTime).toISOString(),
      commit_number: clock.commitNumber,
      sequence_number: clock.sequenceNumber,
      change_id: clock.changeId,
    },
    change: metadata.change,
    change_event_type: metadata.changeEventType,
    ...(metadata.origin === undefined ? {} : { origin: metadata.origin }),
    broadcast: metadata.broadcast,
    broadcast_reason: metadata.broadcastReason,
    warnings: [...metadata.warnings],
    received_at: metadata.receivedAt,
  };
}

function storedMetadata(metadata: PublishedEvent['metadata']): EventMetadata {
  const clock: ClockParts = {
    commitTime: Date.parse(metadata.clock.commit_time),
    commitNumber: metadata.clock.commit_number,
    sequenceNumber: metadata.clock.sequence_number,
    changeId: metadata.clock.change_id,
  };
  return {
    correlationId: metadata.correlation_id,
    causationId: metadata.causation_id,
    commandId: metadata.command_id,
    changeId: metadata.change_id,
    provider: metadata.provider,
    source: metadata.source,
    entity: metadata.entity,
    externalId: metadata.external_id,
    clock,
    change: metadata.change,
    changeEventType: metadata.change_event_type,
    ...(metadata.origin === undefined ? {} : { origin: metadata.origin }),
    broadcast: metadata.broadcast,
    broadcastReason: metadata.broadcast_reason,
    warnings: metadata.warnings,
    receivedAt: metadata.received_at,
  };
}
