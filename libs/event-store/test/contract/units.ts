import { exactNumber, type EventMetadata } from '@clientele/contracts';
import { clockOf } from '@clientele/domain';
import type { CommitUnit, LaneAdvance, LedgerRow, NewEvent, NewMapping, NewOutcome, StreamWrite } from '../../src/event-store.ts';
import { ledgerDay } from '../../src/ledger-day.ts';
import type { NewPlan } from '../../src/plans.ts';
import type { AskedRead, TakenReading } from '../../src/reads.ts';
import type { Resettlement } from '../../src/waiting-work.ts';
import { uuidV7 } from '../../src/uuid-v7.ts';

const NOW = '2025-04-24T12:00:00.123Z';
export const SOURCE = 'salesforce:00D5f000005KcCnEAK';
let drawn = 0;

/** A change id of today that no test has used. */
export function changeId(day = '20250424'): string {
  drawn += 1;
  return `${day}-${String(drawn).padStart(12, '0')}`;
}

export function metadata(commandId: string): EventMetadata {
  return {
    correlationId: 'correlation', causationId: commandId, commandId, changeId: commandId, provider: 'salesforce', source: SOURCE, entity: 'Account',
    externalId: '0015f00002HhXXXAAV', clock: { commitTime: 1745496000123, commitNumber: '1745500706683617281', sequenceNumber: 1, changeId: commandId },
    change: {
      kind: 'change', actor: '0055f000009abcdAAA', origin: '', clock: { commit_time: NOW, commit_number: '1745500706683617281', sequence_number: 1 },
      correlation_id: 'correlation', causation_id: null, transaction_id: null, source_change_type: 'UPDATE',
    },
    changeEventType: 'Updated', broadcast: true, broadcastReason: 'active \u0000 \ud83d', warnings: [], receivedAt: NOW,
  };
}

export function event(fields: Partial<NewEvent> = {}): NewEvent {
  return {
    type: 'Updated', schemaVersion: 1, occurredAt: NOW, personal: { fields: { Phone: '+49 30 1' } }, metadata: metadata('20250424-x'),
    data: { fields: { Name: 'Acme \u0000 ünï', AnnualRevenue: exactNumber('100.50') }, lost: {}, floor: false, lifecycle: null, changed: [], state: null },
    ...fields,
  };
}

export function write(streamId: string, expectedVersion: StreamWrite['expectedVersion'], fields: Partial<StreamWrite> = {}): StreamWrite {
  return { streamId, streamType: 'client', expectedVersion, commandId: changeId(), events: [event()], ...fields };
}

export function events(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, n) => event({ data: { ...event().data, n } }));
}

export function unit(fields: Partial<CommitUnit>): CommitUnit {
  return { writes: [], outcomes: [], ledger: [], repeats: [], mappings: [], ...fields };
}

export function ledgerRow(commandId: string, fields: Partial<LedgerRow> = {}): LedgerRow {
  return {
    commandId, commandType: 'ProcessCrmEvent', day: ledgerDay(commandId), provider: 'salesforce', source: SOURCE, outcome: 'applied', reason: null,
    errors: [], aggregateId: null, receivedAt: NOW, payload: null, ...fields,
  };
}

export function outcome(id: string, fields: Partial<NewOutcome> = {}): NewOutcome {
  return {
    changeId: id, outcome: 'ignored', reason: 'entity_not_mapped', errors: [], warnings: [{ path: 'a', code: 'b', message: 'c' }], aggregateId: null,
    correlationId: 'correlation', provider: 'salesforce', source: SOURCE, receivedAt: NOW,
    event: {
      id, provider: 'salesforce', source: SOURCE, entity: 'Account', aggregate_type: null, external_id: '1', occurred_at: NOW,
      data: { AnnualRevenue: exactNumber('1745500706683617281') }, metadata: metadata(id).change,
    },
    ...fields,
  };
}

export function mapping(externalId: string, aggregateId: string): NewMapping {
  return { source: SOURCE, entity: 'Account', externalId, aggregateId, linkedBy: changeId() };
}

/** One step of a lane under an epoch: from a sequence (null: its beginning) to the next. */
export function step(lane: string, epoch: number, from: number | null, fields: Partial<LaneAdvance> = {}): LaneAdvance {
  const incarnation = '2025-04-24T00:00:00Z';
  return {
    lane, epoch, from: from === null ? null : { incarnation, sequence: from }, to: { incarnation, sequence: (from ?? 0) + 1 }, pending: 0,
    publishers: [{ publisher: 'p', nextNumber: (from ?? 0) + 2, accepted: { [SOURCE]: 1 }, lost: 0 }], ...fields,
  };
}

/** A clock so many seconds after the beginning of these tests' time. */
export function clockAt(seconds: number): string {
  return clockOf({ commitTime: Date.parse(NOW) + seconds * 1000, commitNumber: '1', sequenceNumber: 1, changeId: '20250424-x' });
}

/** RFC 3339, so many seconds after the beginning of these tests' time. */
export function timeAt(seconds: number): string {
  return new Date(Date.parse(NOW) + seconds * 1000).toISOString();
}

export function askedRead(externalId: string, since: number, fields: Partial<AskedRead> = {}): AskedRead {
  return {
    source: SOURCE, entity: 'Account', externalId, provider: 'salesforce', reason: 'gap', since: clockAt(since), notBefore: timeAt(since + 2), ...fields,
  };
}

export function reading(externalId: string, from: number): TakenReading {
  return { source: SOURCE, entity: 'Account', externalId, from: timeAt(from), until: timeAt(from + 3) };
}

export function resettlement(commandId: string, fields: Partial<Resettlement> = {}): Resettlement {
  return {
    commandId, day: ledgerDay(commandId), from: 'parked', outcome: 'applied', reason: null, errors: [], aggregateId: null, payload: null,
    nextAttemptAt: null, attempts: 1, ...fields,
  };
}

export function newPlan(fields: Partial<NewPlan> = {}): NewPlan {
  return {
    id: uuidV7(), kind: 'repair', source: SOURCE, provider: 'salesforce', entity: 'Account', cause: '20250424-x',
    params: { from: NOW, most: exactNumber('1745500706683617281') }, requestedBy: 'commands.0', ...fields,
  };
}

export { uuidV7 as streamId };
