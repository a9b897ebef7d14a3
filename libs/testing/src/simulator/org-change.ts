import type { JsonObject } from '@clientele/domain';
import type { EntitySpec } from './entities/index.ts';

export type ChangeType = 'CREATE' | 'UPDATE' | 'DELETE' | 'UNDELETE';

/** What a transaction did to one record, as the change event says it. */
export interface OrgChange {
  readonly entity: EntitySpec['name'];
  readonly recordId: string;
  readonly changeType: ChangeType;
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
