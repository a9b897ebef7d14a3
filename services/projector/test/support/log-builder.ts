import { encodeDomainEvent, joinPersonal, type ChangeMetadata, type EventWriteDTO, type LogEntry, type Outcome } from '@clientele/contracts';
import {
  ClientDomainService, clockOf, composeFields, initialRecord, type AggregateDefinition, type ChangeKind, type FieldWrite, type RecordState,
} from '@clientele/domain';

export const DEFINITION: AggregateDefinition = {
  type: 'client',
  statusPaths: ['Status__c'],
  statusValues: null,
  silentStatuses: ['inactive', 'pending', 'draft'],
  announceWithdrawal: true,
  names: {},
  references: { ParentId: 'Account', OwnerId: 'User' },
  personal: ['Phone'], conversion: null,
};

export interface SentChange {
  readonly kind: ChangeKind;
  /** Which record: any small number. */
  readonly record: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly fields?: readonly FieldWrite[];
}

const SOURCE = 'salesforce:00D5f000005KcCnEAK';
const BEGIN = Date.parse('2025-06-01T00:00:00Z');

/** A log as the command service would write it: the domain decides on each change, and the entries get dense positions. */
export class LogBuilder {
  readonly entries: LogEntry[] = [];
  readonly states = new Map<string, RecordState>();
  readonly #definition: AggregateDefinition;
  #changes = 0;

  constructor(definition: AggregateDefinition = DEFINITION) {
    this.#definition = definition;
  }

  static aggregateId(record: number): string {
    return `0197a1b2-0000-7000-8000-${String(record).padStart(12, '0')}`;
  }

  static externalId(record: number): string {
    return `001${String(record).padStart(15, '0')}`;
  }

  /** Decides on a change and appends what comes of it. Returns the change id. */
  change(sent: SentChange): string {
    const changeId = this.#changeId(sent.time);
    const streamId = LogBuilder.aggregateId(sent.record);
    const key = { source: SOURCE, entity: 'Account', externalId: LogBuilder.externalId(sent.record) };
    const parts = { commitTime: sent.time, commitNumber: '1745500706683617281', sequenceNumber: 1, changeId };
    const fields = sent.fields ?? [];
    const occurredAt = new Date(sent.time).toISOString();
    const existing = this.states.get(streamId) ?? initialRecord;
    const decision = ClientDomainService.processCrmEvent({ id: changeId, kind: sent.kind, key, clock: clockOf(parts), fields, occurredAt }, existing, this.#definition);
    if (decision.outcome === 'superseded') return this.outcome('superseded', changeId, { ...sent, aggregateId: streamId });
    decision.events.forEach(({ event, broadcast, broadcastReason }, index) => {
      const { data, personal } = encodeDomainEvent(event, this.#definition);
      this.entries.push({
        kind: 'event',
        position: this.entries.length + 1,
        id: `0197ffff-0000-7000-8000-${String(this.entries.length + 1).padStart(12, '0')}`,
        streamId,
        streamType: this.#definition.type,
        version: existing.version + 1 + index,
        type: event.type,
        schemaVersion: 1,
        data: joinPersonal(data, personal),
        metadata: {
          correlationId: 'c', causationId: changeId, commandId: changeId, changeId, provider: 'salesforce', ...key, clock: parts,
          change: metadataOf(occurredAt), changeEventType: 'Updated', broadcast, broadcastReason, warnings: [...decision.warnings], receivedAt: occurredAt,
        },
        occurredAt,
        recordedAt: this.#recordedAt(),
      });
    });
    this.states.set(streamId, decision.stateAfter);
    return changeId;
  }

  /** Appends what became of a change that made no event. */
  outcome(outcome: Outcome, changeId = this.#changeId(BEGIN), of: Partial<SentChange> & { aggregateId?: string } = {}): string {
    const occurredAt = new Date(of.time ?? BEGIN).toISOString();
    const event: EventWriteDTO = {
      id: changeId, event_type: 'Updated', provider: 'salesforce', source: SOURCE, entity: 'Account', aggregate_type: 'client',
      external_id: LogBuilder.externalId(of.record ?? 0), data: composeFields(of.fields ?? []), metadata: metadataOf(occurredAt), occurred_at: occurredAt,
    };
    this.entries.push({
      kind: 'outcome',
      position: this.entries.length + 1,
      id: `0197ffff-0000-7000-8000-${String(this.entries.length + 1).padStart(12, '0')}`,
      changeId, outcome, reason: outcome === 'parked' ? 'unsupported_change' : null, errors: [], warnings: [], aggregateId: of.aggregateId ?? null,
      event: outcome === 'quarantined' ? null : event,
      correlationId: 'c', source: SOURCE, provider: 'salesforce', receivedAt: occurredAt, recordedAt: this.#recordedAt(),
    });
    return changeId;
  }

  #changeId(time: number): string {
    this.#changes += 1;
    return `${new Date(time).toISOString().slice(0, 10).replaceAll('-', '')}-${String(this.#changes).padStart(27, '0')}`;
  }

  #recordedAt(): string {
    return new Date(BEGIN + this.entries.length * 1000).toISOString();
  }
}

function metadataOf(occurredAt: string): ChangeMetadata {
  return {
    kind: 'change', actor: '0055f000004T9ZqAAK', origin: null, clock: { commit_time: occurredAt, commit_number: '1745500706683617281', sequence_number: 1 },
    correlation_id: 'c', causation_id: null, transaction_id: 'x', source_change_type: 'UPDATE',
  };
}

/** A log of at least `count` entries about so many records: creates, then updates in turn. */
export function someLog(count: number, records = 7): LogBuilder {
  const log = new LogBuilder();
  for (let n = 0; log.entries.length < count; n += 1) {
    const fields = [{ path: 'Name', value: `Acme ${n}` }, { path: 'Count__c', value: n }];
    log.change({ kind: n < records ? 'create' : 'update', record: n % records, time: BEGIN + n * 1000, fields });
  }
  return log;
}
