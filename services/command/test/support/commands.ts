import { createHash } from 'node:crypto';
import {
  encodeEnvelope, stringifyExact, type EventWriteDTO, type LaneBatch, type ProcessCrmEvent, type QuarantineBody, type RecordRead,
} from '@clientele/contracts';

export const SOURCE = 'salesforce:00D5f000005KcCnEAK';

export interface ChangeSpec {
  /** Null: the change names no record. */
  readonly externalId?: string | null;
  readonly entity?: string;
  readonly aggregateType?: string | null;
  readonly type?: EventWriteDTO['event_type'];
  readonly data?: EventWriteDTO['data'];
  readonly changedFields?: readonly string[];
  /** Milliseconds since 1970. */
  readonly at?: number;
  readonly commitNumber?: string;
  readonly kind?: EventWriteDTO['metadata']['kind'];
  readonly sourceChangeType?: string;
  readonly receivedAt?: string;
  /** Salesforce's `changeOrigin`. */
  readonly origin?: string;
}

/** The record that a change is about where it does not say another. */
export const RECORD = '0015f00002J9RPfAAN';

const EPOCH = Date.parse('2025-04-24T10:00:00.000Z');
const CHANGE_TYPES: Record<string, string> = { Created: 'CREATE', Updated: 'UPDATE', Deleted: 'DELETE', Restored: 'UNDELETE' };
let made = 0;

/** A change as ingest sends it; each call another one, its clock a second after the one before. */
export function change(spec: ChangeSpec = {}): ProcessCrmEvent {
  made += 1;
  const at = new Date(spec.at ?? EPOCH + made * 1000).toISOString();
  const type = spec.type ?? 'Updated';
  const id = changeIdOf(`${made}`, at);
  const event: EventWriteDTO = {
    id,
    event_type: type,
    provider: 'salesforce',
    source: SOURCE,
    entity: spec.entity ?? 'Account',
    aggregate_type: spec.aggregateType === undefined ? 'client' : spec.aggregateType,
    ...(spec.externalId === null ? {} : { external_id: spec.externalId ?? RECORD }),
    data: spec.data ?? { Name: `Name ${made}` },
    metadata: {
      kind: spec.kind ?? 'change',
      actor: '0055f000005mc66AAA',
      origin: spec.origin ?? '',
      clock: { commit_time: at, commit_number: spec.commitNumber ?? String(1745500706683617281n + BigInt(made)), sequence_number: 1 },
      correlation_id: `correlation-${made}`,
      causation_id: null,
      transaction_id: `transaction-${made}`,
      source_change_type: spec.sourceChangeType ?? CHANGE_TYPES[type] ?? 'UPDATE',
      ...(spec.changedFields === undefined ? {} : { changed_fields: [...spec.changedFields] }),
    },
    occurred_at: at,
  };
  return {
    type: 'ProcessCrmEvent',
    schemaVersion: 1,
    commandId: id,
    provider: 'salesforce',
    event,
    rawEvent: '{"raw":"text"}',
    correlationId: `correlation-${made}`,
    receivedAt: spec.receivedAt ?? new Date().toISOString(),
  };
}

export function changeIdOf(text: string, at: string = new Date().toISOString()): string {
  return `${at.slice(0, 10).replaceAll('-', '')}-${createHash('sha256').update(text).digest('base64url').slice(0, 27)}`;
}

export interface ReadSpec extends Partial<Pick<RecordRead, 'result' | 'survivor_id' | 'data' | 'cause' | 'external_id' | 'entity'>> {
  /** When the provider answered, ms since 1970. */
  readonly at: number;
  readonly durationMs?: number;
}

/** What a reader sends of a look at a record. */
export function recordRead({ at, durationMs = 0, ...spec }: ReadSpec): RecordRead {
  made += 1;
  const until = new Date(at).toISOString();
  return {
    type: 'RecordRead',
    schemaVersion: 1,
    commandId: changeIdOf(`read ${made}`, until),
    provider: 'salesforce',
    source: SOURCE,
    entity: 'Account',
    external_id: RECORD,
    read: { from: new Date(at - durationMs).toISOString(), until, number: made },
    result: 'found',
    survivor_id: null,
    data: spec.result === 'deleted' ? {} : { Name: `Read ${made}` },
    cause: 'gap',
    correlationId: `correlation-${made}`,
    receivedAt: new Date().toISOString(),
    ...spec,
  };
}

export function quarantineBody(text: string): QuarantineBody {
  return {
    type: 'QuarantineBody',
    schemaVersion: 1,
    commandId: `19700101-${createHash('sha256').update(text).digest('base64url').slice(0, 27)}`,
    provider: 'salesforce',
    source: null,
    body: Buffer.from(text).toString('base64'),
    reason: 'unintelligible',
    errors: [{ path: 'detail', code: 'required', message: 'is missing' }],
    correlationId: 'correlation-q',
    receivedAt: new Date().toISOString(),
  };
}

/** Numbers envelopes as a publisher does. */
export class TestPublisher {
  readonly name: string;
  readonly lane: string;
  #next = 1;

  constructor(name: string, lane = 'commands.0') {
    this.name = name;
    this.lane = lane;
  }

  envelope(commands: readonly unknown[]): Uint8Array {
    return this.texts(commands.map(stringifyExact));
  }

  texts(commands: readonly string[]): Uint8Array {
    const first = this.#next;
    this.#next += commands.length;
    return Buffer.from(encodeEnvelope({ publisher: this.name, lane: this.lane, first, count: commands.length }, commands));
  }
}

export function laneBatch(
  messages: readonly Uint8Array[],
  options: { incarnation?: string; firstSequence?: number; pending?: number } = {},
): LaneBatch {
  const { incarnation = 'stream-1', firstSequence = 1, pending = 0 } = options;
  return { incarnation, messages: messages.map((data, index) => ({ sequence: firstSequence + index, data })), pending };
}
