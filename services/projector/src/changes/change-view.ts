import { decodeDomainEvent, stringifyExact, type LogEntry, type StoredEvent, type StoredOutcome } from '@clientele/contracts';
import { childPath, composeFields, type DomainEvent, type FieldWrite, type RecordChanged } from '@clientele/domain';
import { dayOfChange } from '@clientele/read-model';

/** What became of a change: a row as it is stored. Documents are JSON text, times RFC 3339. */
export interface ChangeView {
  readonly day: string;
  readonly id: string;
  readonly eventType: string | null;
  readonly provider: string;
  readonly source: string;
  readonly entity: string;
  readonly aggregateType: string | null;
  readonly externalId: string | null;
  readonly data: string;
  readonly metadata: string;
  readonly occurredAt: string;
  readonly status: 'parked' | 'processed';
  readonly outcome: string;
  readonly reason: string | null;
  readonly errors: string;
  readonly warnings: string;
  readonly receivedAt: string;
  readonly processedAt: string | null;
  readonly aggregateId: string | null;
  readonly position: number;
  readonly recordedAt: string;
}

export function changeIdOf(entry: LogEntry): string {
  return entry.kind === 'event' ? entry.metadata.changeId : entry.changeId;
}

/** The change after an entry: each says all of what became of it, so a later one takes the place of a former. */
export function applyToChange(view: ChangeView | null, entry: LogEntry): ChangeView {
  if (entry.kind === 'outcome') return fromOutcome(entry);
  // A change may leave several events. Those behind the first tell more of what followed, and nothing of what was sent.
  if (view?.outcome === 'applied') return { ...view, position: entry.position, processedAt: entry.recordedAt, recordedAt: entry.recordedAt };
  return fromEvent(entry, decodeDomainEvent(entry));
}

function fromEvent(entry: StoredEvent, event: DomainEvent): ChangeView {
  const { metadata } = entry;
  return {
    day: dayOf(metadata.changeId),
    id: metadata.changeId,
    eventType: metadata.changeEventType,
    provider: metadata.provider,
    source: metadata.source,
    entity: metadata.entity,
    aggregateType: entry.streamType,
    externalId: metadata.externalId,
    data: 'fields' in event ? stringifyExact(composeFields(sentIn(event))) : '{}',
    metadata: stringifyExact(metadata.change),
    occurredAt: entry.occurredAt,
    status: 'processed',
    outcome: 'applied',
    reason: null,
    errors: '[]',
    warnings: JSON.stringify(metadata.warnings),
    receivedAt: metadata.receivedAt,
    processedAt: entry.recordedAt,
    aggregateId: entry.streamId,
    position: entry.position,
    recordedAt: entry.recordedAt,
  };
}

/** What the change carried, or the look found: what won, what lost, and differences of texts that are not known, each below its path. */
function sentIn({ fields, lost, diffs = [] }: RecordChanged): FieldWrite[] {
  return [...fields, ...lost, ...diffs.map(({ path, patch }) => ({ path: childPath(path, 'diff'), value: patch }))];
}

function fromOutcome(entry: StoredOutcome): ChangeView {
  const { event } = entry;
  const status = entry.outcome === 'parked' ? 'parked' : 'processed';
  return {
    day: dayOf(entry.changeId),
    id: entry.changeId,
    eventType: event?.event_type ?? null,
    provider: entry.provider,
    source: event?.source ?? entry.source ?? '',
    entity: event?.entity ?? '',
    aggregateType: event?.aggregate_type ?? null,
    externalId: event?.external_id ?? null,
    data: stringifyExact(event?.data ?? {}),
    metadata: stringifyExact(event?.metadata ?? unknownMetadata(entry)),
    occurredAt: event?.occurred_at ?? entry.receivedAt,
    status,
    outcome: entry.outcome,
    reason: entry.reason,
    errors: JSON.stringify(entry.errors),
    warnings: JSON.stringify(entry.warnings),
    receivedAt: entry.receivedAt,
    processedAt: status === 'parked' ? null : entry.recordedAt,
    aggregateId: entry.aggregateId,
    position: entry.position,
    recordedAt: entry.recordedAt,
  };
}

/** Of a body that nobody understood no more is known than when it came. */
function unknownMetadata({ receivedAt, correlationId }: StoredOutcome) {
  return {
    kind: 'unknown',
    actor: null,
    origin: null,
    clock: { commit_time: receivedAt, commit_number: '0', sequence_number: 0 },
    correlation_id: correlationId,
    causation_id: null,
    transaction_id: null,
    source_change_type: '',
  };
}

function dayOf(changeId: string): string {
  const day = dayOfChange(changeId);
  if (day === null) throw new TypeError('a change id that does not begin with a day');
  return day;
}
