import { quarantineLane, type Command, type LaneName, type ProcessCrmEvent } from '@clientele/contracts';

/** A change of record `record`, the `number`th of its kind: enough of one to be sent. */
export function sampleCommand(record: string, number: number, padding = 0): ProcessCrmEvent {
  const id = `20260101-${record}_${number}`;
  return {
    type: 'ProcessCrmEvent',
    schemaVersion: 1,
    commandId: id,
    provider: 'salesforce',
    event: {
      id,
      event_type: 'Updated',
      provider: 'salesforce',
      source: 'salesforce:00D000000000001AAA',
      entity: 'Account',
      aggregate_type: 'client',
      external_id: record,
      data: { Number: number },
      metadata: {
        kind: 'change', actor: null, origin: null, correlation_id: id, causation_id: null, transaction_id: null, source_change_type: 'UPDATE',
        clock: { commit_time: '2026-01-01T00:00:00.000Z', commit_number: String(number), sequence_number: 0 },
      },
      occurred_at: '2026-01-01T00:00:00.000Z',
    },
    rawEvent: 'x'.repeat(padding),
    correlationId: id,
    receivedAt: '2026-01-01T00:00:00.000Z',
  };
}

/** A command that goes to one lane for certain. */
export function sampleQuarantine(number: number, padding = 0): Command {
  return {
    type: 'QuarantineBody',
    schemaVersion: 1,
    commandId: `19700101-${number}`,
    provider: 'salesforce',
    source: null,
    body: 'x'.repeat(padding),
    reason: 'sample',
    errors: [],
    correlationId: `${number}`,
    receivedAt: '2026-01-01T00:00:00.000Z',
  };
}

export const SAMPLE_LANE: LaneName = quarantineLane('salesforce');
