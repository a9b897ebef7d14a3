import type { ClockParts, EventType, JsonObject } from '@clientele/domain';
import type { ChangeMetadata, EventWriteDTO } from './event-write.ts';
import type { Finding, Outcome } from './outcome.ts';

/** Facts about an event that are not the event: where it came from and what was decided about telling it. */
export interface EventMetadata {
  readonly correlationId: string;
  /** The id of the command that caused it. */
  readonly causationId: string;
  readonly commandId: string;
  readonly changeId: string;
  readonly provider: string;
  readonly source: string;
  readonly entity: string;
  readonly externalId: string;
  readonly clock: ClockParts;
  /** The change's own metadata, as taken in. */
  readonly change: ChangeMetadata;
  /** The event type that ingest read from the change. */
  readonly changeEventType: EventType | null;
  /** `own`: our own integration made the change. */
  readonly origin?: 'own';
  readonly broadcast: boolean;
  readonly broadcastReason: string;
  readonly warnings: readonly Finding[];
  readonly receivedAt: string;
}

/** A domain event as the log holds it. Times are RFC 3339 UTC with milliseconds. */
export interface StoredEvent {
  readonly kind: 'event';
  /** Dense, from 1, in commit order. Below 2^53. */
  readonly position: number;
  readonly id: string;
  /** The aggregate id. */
  readonly streamId: string;
  /** The aggregate type. */
  readonly streamType: string;
  /** From 1, dense in its stream. */
  readonly version: number;
  readonly type: EventType;
  readonly schemaVersion: number;
  /** The event's own data, personal parts included. */
  readonly data: JsonObject;
  readonly metadata: EventMetadata;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

/** What became of a change that made no event, or a later turn of that: an entry of the log of its own. */
export interface StoredOutcome {
  readonly kind: 'outcome';
  readonly position: number;
  readonly id: string;
  readonly changeId: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly aggregateId: string | null;
  /** The change as taken in; null for a quarantined body. */
  readonly event: EventWriteDTO | null;
  readonly correlationId: string;
  readonly source: string | null;
  readonly provider: string;
  readonly receivedAt: string;
  readonly recordedAt: string;
}

export type LogEntry = StoredEvent | StoredOutcome;
