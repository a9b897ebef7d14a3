import { exactNumber, stringifyExact } from '@clientele/contracts';
import type { JsonObject } from '@clientele/domain';

export const SAMPLE_ORG = '00D5e000001DemoEAC';

export interface AccountChange {
  /** The org's id, 18 characters. */
  readonly org: string;
  readonly externalId: string;
  readonly changeType: string;
  /** When it was committed. */
  readonly at: Date;
  readonly fields: JsonObject;
}

/** An account as Salesforce's event relay tells of its creation, as JSON text. A later `at` is a later change of the same record. */
export function accountCreated(externalId: string, name: string, at: Date): string {
  return accountChanged({ org: SAMPLE_ORG, externalId, changeType: 'CREATE', at, fields: { Name: name } });
}

/** A change of an account as Salesforce's event relay tells of it, as JSON text; an update names all of its fields as changed. */
export function accountChanged({ org, externalId, changeType, at, fields }: AccountChange): string {
  return stringifyExact({
    version: '0',
    source: `aws.partner/salesforce.com/${org}/0YL5e0000004TryGAE`,
    'detail-type': 'AccountChangeEvent',
    time: at.toISOString(),
    detail: {
      payload: {
        ...fields,
        ChangeEventHeader: {
          entityName: 'Account',
          changeType,
          recordIds: [externalId],
          commitTimestamp: at.getTime(),
          // Beyond what a double holds, as Salesforce's are.
          commitNumber: exactNumber(`${at.getTime()}683617`),
          sequenceNumber: 1,
          transactionKey: `00000000-0000-0000-0000-${at.getTime().toString(16).padStart(12, '0')}`,
          changedFields: changeType === 'UPDATE' ? Object.keys(fields) : [],
        },
      },
    },
  });
}
