import { encodeDomainEvent, joinPersonal, type ChangeMetadata, type EventWriteDTO, type LogEntry, type Outcome } from '@clientele/contracts';
import {
  ClientDomainService, clockOf, clockParts, composeFields, defaultContext, initialRecord, readMark, type AggregateDefinition, type ChangeKind,
  type DecidingContext, type Decision, type FieldWrite, type RecordKey, type RecordState, type TextDiff,
} from '@clientele/domain';

export const DEFINITION: AggregateDefinition = {
  type: 'client',
  statusPaths: ['Status__c'],
  statusValues: null,
  silentStatuses: ['inactive', 'pending', 'draft'],
  announceWithdrawal: true,
  names: {},
  references: { ParentId: 'Account', OwnerId: 'User' },
  personal: ['Phone'],
  conversion: { flag: 'IsConverted', into: ['ParentId', 'OwnerId'] },
};

/** A source that can be read, and differences of texts that are `<before>><after>`. */
export const READABLE: DecidingContext = {
  ...defaultContext,
  readable: true,
  survivors: true,
  patch: (base, patch) => (patch.startsWith(`${base}>`) ? patch.slice(base.length + 1) : null),
};

export interface SentChange {
  readonly kind: ChangeKind;
  /** Which record: any small number. */
  readonly record: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly fields?: readonly FieldWrite[];
  readonly diffs?: readonly TextDiff[];
}

export interface SentReading {
  readonly kind: 'read';
  readonly record: number;
  /** When the source answered, milliseconds since 1970; whole seconds. */
  readonly time: number;
  /** How long it took, milliseconds. */
  readonly took?: number;
  readonly result?: 'found' | 'deleted';
  /** The record that it was merged into. */
  readonly survivor?: number | null;
  readonly fields?: readonly FieldWrite[];
}

const SOURCE = 'salesforce:00D5f000005KcCnEAK';
const BEGIN = Date.parse('2025-06-01T00:00:00Z');

/** A log as the command service would write it: the domain decides on each change, and the entries get dense positions. */
export class LogBuilder {
  readonly entries: LogEntry[] = [];
  readonly states = new Map<string, RecordState>();
  readonly #definition: AggregateDefinition;
  readonly #context: DecidingContext;
  #changes = 0;

  constructor(definition: AggregateDefinition = DEFINITION, context: DecidingContext = defaultContext) {
    this.#definition = definition;
    this.#context = context;
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
    const { fields = [], diffs = [] } = sent;
    const clock = clockOf({ commitTime: sent.time, commitNumber: '1745500706683617281', sequenceNumber: 1, changeId });
    const occurredAt = new Date(sent.time).toISOString();
    const decision = ClientDomainService.processCrmEvent(
      { id: changeId, kind: sent.kind, key: keyOf(sent), clock, fields, occurredAt, ...(diffs.length > 0 ? { diffs } : {}) },
      this.#stateOf(sent), this.#definition, this.#context,
    );
    return this.#append(decision, changeId, sent);
  }

  /** The same of a look at a record. */
  read(sent: SentReading): string {
    const id = this.#changeId(sent.time);
    const { took = 0, result = 'found', survivor = null } = sent;
    const until = new Date(sent.time).toISOString();
    const mark = readMark({ from: new Date(sent.time - took).toISOString(), until, number: this.#changes, id });
    const key = keyOf(sent);
    const decision = ClientDomainService.processRecordRead(
      {
        id, key, mark, result, occurredAt: until, fields: sent.fields ?? [],
        survivor: survivor === null ? null : { entity: key.entity, externalId: LogBuilder.externalId(survivor) },
      },
      this.#stateOf(sent), this.#definition, this.#context,
    );
    return this.#append(decision, id, sent);
  }

  /** Either, whichever it is. */
  send(sent: SentChange | SentReading): string {
    return sent.kind === 'read' ? this.read(sent) : this.change(sent);
  }

  #stateOf({ record }: { readonly record: number }): RecordState {
    return this.states.get(LogBuilder.aggregateId(record)) ?? initialRecord;
  }

  #append(decision: Decision, changeId: string, sent: SentChange | SentReading): string {
    const streamId = LogBuilder.aggregateId(sent.record);
    const occurredAt = new Date(sent.time).toISOString();
    const change = { ...metadataOf(occurredAt), ...(sent.kind === 'read' ? { kind: 'read' as const, source_change_type: '' } : {}) };
    if (decision.outcome === 'superseded') {
      const { record, time, fields = [] } = sent;
      return this.outcome('superseded', changeId, { record, time, fields, aggregateId: streamId });
    }
    const { version } = this.#stateOf(sent);
    decision.events.forEach(({ event, broadcast, broadcastReason }, index) => {
      const { data, personal } = encodeDomainEvent(event, this.#definition);
      this.entries.push({
        kind: 'event',
        position: this.entries.length + 1,
        id: `0197ffff-0000-7000-8000-${String(this.entries.length + 1).padStart(12, '0')}`,
        streamId,
        streamType: this.#definition.type,
        version: version + 1 + index,
        type: event.type,
        schemaVersion: 1,
        data: joinPersonal(data, personal),
        metadata: {
          correlationId: 'c', causationId: changeId, commandId: changeId, changeId, provider: 'salesforce', ...keyOf(sent), clock: clockParts(event.clock),
          change, changeEventType: sent.kind === 'read' ? null : 'Updated', broadcast, broadcastReason, warnings: [...decision.warnings], receivedAt: occurredAt,
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

function keyOf({ record }: { readonly record: number }): RecordKey {
  return { source: SOURCE, entity: 'Account', externalId: LogBuilder.externalId(record) };
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

/** The same with gaps, looks that end the doubt, mergers and conversions: events of all kinds. */
export function eventfulLog(count: number, records: number): LogBuilder {
  const log = new LogBuilder(DEFINITION, READABLE);
  for (let n = 0; log.entries.length < count; n += 1) {
    const [record, time] = [n % records, BEGIN + n * 60_000];
    const fields = [{ path: 'Name', value: `Acme ${n}` }, { path: 'Status__c', value: n % 3 === 0 ? 'Draft' : 'Active' }];
    if (n < records) log.change({ kind: 'create', record, time, fields });
    else if (n % 7 === 0) log.change({ kind: 'gap_update', record, time });
    else if (n % 7 === 1) log.read({ kind: 'read', record: (n - 1) % records, time, took: 1500, fields });
    else if (n % 7 === 2) log.change({ kind: 'delete', record, time });
    else if (n % 7 === 3) log.read({ kind: 'read', record: (n - 1) % records, time, result: 'deleted', survivor: n % records });
    else log.change({ kind: 'update', record, time, fields: [...fields, { path: 'IsConverted', value: true }, { path: 'ParentId', value: '001X' }] });
  }
  return log;
}
