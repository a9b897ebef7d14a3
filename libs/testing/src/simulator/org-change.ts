import type { JsonObject } from '@clientele/domain';
import type { EntitySpec } from './entities/index.ts';

export type RecordChangeType = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE';
export type ChangeType = RecordChangeType | `GAP_${RecordChangeType}` | 'GAP_OVERFLOW';

/** What a transaction did to one record, as the change event says it. */
export interface OrgChange {
  readonly entity: EntitySpec['name'];
  /** 18 characters; `001*` for all records of a prefix, {@link OVERFLOW_ID} for those that an overflow hides. */
  readonly recordId: string;
  readonly changeType: ChangeType;
  /** Milliseconds, whole seconds; that of its transaction where the record's own stamps do not go beyond it. */
  readonly commitTimestamp: number;
  /** The fields beside the header: all that have a value (creation, undeletion), those that changed, or none. */
  readonly body: JsonObject;
  /** Updates only, dotted for components. */
  readonly changedFields: readonly string[];
}

export interface Transaction {
  /** Milliseconds, whole seconds. */
  readonly commitTimestamp: number;
  readonly commitNumber: bigint;
  readonly transactionKey: string;
  readonly user: string;
  readonly origin: string;
  /** In the order of their sequence numbers; no record twice. */
  readonly changes: readonly OrgChange[];
}

export const OVERFLOW_ID = '000000000000000AAA';

/** The same change with all that it said lost. */
export function asGap(change: OrgChange): OrgChange {
  const { changeType } = change;
  return isRecordChange(changeType) ? { ...change, changeType: `GAP_${changeType}`, body: {}, changedFields: [] } : change;
}

export function isRecordChange(type: ChangeType): type is RecordChangeType {
  return !type.startsWith('GAP_');
}
