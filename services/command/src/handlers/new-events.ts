import { encodeDomainEvent, newestSchemaVersion, type EventMetadata, type ProcessCrmEvent } from '@clientele/contracts';
import { clockParts, type AggregateDefinition, type Change, type DecidedEvent, type Finding } from '@clientele/domain';
import type { NewEvent } from '@clientele/event-store';

export interface EventCause {
  readonly command: ProcessCrmEvent;
  readonly change: Change;
  readonly definition: AggregateDefinition;
  readonly warnings: readonly Finding[];
}

/** Decided events as the store takes them: personal data apart, and with where they come from. */
export function newEvents(decided: readonly DecidedEvent[], cause: EventCause): readonly NewEvent[] {
  const metadata = metadataOf(cause);
  return decided.map(({ event, broadcast, broadcastReason }) => ({
    type: event.type,
    schemaVersion: newestSchemaVersion(event.type),
    ...encodeDomainEvent(event, cause.definition),
    metadata: { ...metadata, broadcast, broadcastReason },
    occurredAt: cause.change.occurredAt,
  }));
}

function metadataOf({ command, change, warnings }: EventCause): Omit<EventMetadata, 'broadcast' | 'broadcastReason'> {
  const { event } = command;
  return {
    correlationId: command.correlationId,
    causationId: command.commandId,
    commandId: command.commandId,
    changeId: change.id,
    provider: command.provider,
    ...change.key,
    clock: clockParts(change.clock),
    change: event.metadata,
    changeEventType: event.event_type ?? null,
    warnings,
    receivedAt: command.receivedAt,
  };
}
