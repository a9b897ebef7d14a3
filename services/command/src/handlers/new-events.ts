import { encodeDomainEvent, newestSchemaVersion, type ChangeMetadata, type EventMetadata } from '@clientele/contracts';
import { clockParts, clockTime, type AggregateDefinition, type Clock, type DecidedEvent, type EventType, type Finding, type RecordKey } from '@clientele/domain';
import type { NewEvent } from '@clientele/event-store';

/** The command that was decided, and what it said. */
export interface EventCause {
  readonly command: { readonly commandId: string; readonly provider: string; readonly correlationId: string; readonly receivedAt: string };
  readonly key: RecordKey;
  readonly change: ChangeMetadata;
  readonly changeEventType: EventType | null;
  readonly clock: Clock;
  /** RFC 3339. */
  readonly occurredAt: string;
  /** Whether this installation made the change itself. */
  readonly own: boolean;
  readonly definition: AggregateDefinition;
  readonly warnings: readonly Finding[];
}

/**
 * Decided events as the store takes them: personal data apart, and with where they come from. An event of another clock than the command's
 * is an earlier change that only this one made readable.
 */
export function newEvents(decided: readonly DecidedEvent[], cause: EventCause): readonly NewEvent[] {
  const metadata = metadataOf(cause);
  return decided.map(({ event, broadcast, broadcastReason }) => ({
    type: event.type,
    schemaVersion: newestSchemaVersion(event.type),
    ...encodeDomainEvent(event, cause.definition),
    metadata: { ...metadata, clock: clockParts(event.clock), broadcast, broadcastReason },
    occurredAt: event.clock === cause.clock ? cause.occurredAt : clockTime(event.clock),
  }));
}

function metadataOf({ command, key, change, changeEventType, own, warnings }: EventCause): Omit<EventMetadata, 'clock' | 'broadcast' | 'broadcastReason'> {
  return {
    correlationId: command.correlationId,
    causationId: command.commandId,
    commandId: command.commandId,
    changeId: command.commandId,
    provider: command.provider,
    ...key,
    change,
    changeEventType,
    ...(own ? { origin: 'own' } : {}),
    warnings,
    receivedAt: command.receivedAt,
  };
}
