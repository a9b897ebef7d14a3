import type { EventMetadata, LogEntry } from '@clientele/contracts';

/** A log entry at a position: every fifth an outcome without an event, every seventh event not for others. */
export function sampleEntry(position: number, options: { recordedAt?: string; padding?: number } = {}): LogEntry {
  const { recordedAt = new Date().toISOString(), padding = 0 } = options;
  const changeId = `20260101-change${position}`;
  if (position % 5 === 0) {
    return {
      kind: 'outcome', position, id: `outcome-${position}`, changeId, outcome: 'superseded', reason: 'older', errors: [], warnings: [],
      aggregateId: null, event: null, correlationId: changeId, source: null, provider: 'salesforce', receivedAt: recordedAt, recordedAt,
    };
  }
  return {
    kind: 'event', position, id: `event-${position}`, streamId: `aggregate-${position % 3}`, streamType: 'client', version: position, type: 'Updated',
    schemaVersion: 1, metadata: sampleMetadata(changeId, position % 7 !== 0, recordedAt),
    data: { changed: ['fields.name'], state: { fields: { name: 'x'.repeat(padding) } }, lifecycle: null },
    occurredAt: recordedAt, recordedAt,
  };
}

export function sampleEntries(first: number, last: number): LogEntry[] {
  return Array.from({ length: last - first + 1 }, (_, index) => sampleEntry(first + index));
}

function sampleMetadata(changeId: string, broadcast: boolean, receivedAt: string): EventMetadata {
  return {
    correlationId: changeId, causationId: changeId, commandId: changeId, changeId, provider: 'salesforce', source: 'salesforce:00D000000000001AAA',
    entity: 'Account', externalId: '001', clock: { commitTime: 1767225600000, commitNumber: '1', sequenceNumber: 0, changeId },
    change: {
      kind: 'change', actor: null, origin: null, correlation_id: changeId, causation_id: null, transaction_id: null, source_change_type: 'UPDATE',
      clock: { commit_time: '2026-01-01T00:00:00.000Z', commit_number: '1', sequence_number: 0 },
    },
    changeEventType: 'Updated', broadcast, broadcastReason: 'sample', warnings: [], receivedAt,
  };
}
