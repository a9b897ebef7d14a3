import type { EventWriteDTO } from '@clientele/contracts';

interface ChangeTypeMeaning {
  readonly kind: EventWriteDTO['metadata']['kind'];
  readonly eventType: NonNullable<EventWriteDTO['event_type']> | null;
}

const MEANINGS = new Map<string, ChangeTypeMeaning>([
  ['CREATE', { kind: 'change', eventType: 'Created' }],
  ['UPDATE', { kind: 'change', eventType: 'Updated' }],
  ['DELETE', { kind: 'change', eventType: 'Deleted' }],
  ['UNDELETE', { kind: 'change', eventType: 'Restored' }],
  ['GAP_CREATE', { kind: 'gap', eventType: 'Created' }],
  ['GAP_UPDATE', { kind: 'gap', eventType: 'Updated' }],
  ['GAP_DELETE', { kind: 'gap', eventType: 'Deleted' }],
  ['GAP_UNDELETE', { kind: 'gap', eventType: 'Restored' }],
  ['GAP_OVERFLOW', { kind: 'entity_gap', eventType: null }],
]);

const UNKNOWN: ChangeTypeMeaning = { kind: 'unknown', eventType: null };

/** What Salesforce's word for a kind of change means. It adds words (`SNAPSHOT` is reserved), so one that is not known is not wrong. */
export function meaningOf(changeType: string): ChangeTypeMeaning {
  return MEANINGS.get(changeType) ?? UNKNOWN;
}
