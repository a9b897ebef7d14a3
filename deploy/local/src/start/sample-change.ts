import { exactNumber, stringifyExact } from '@clientele/contracts';

export const SAMPLE_ORG = '00D5e000001DemoEAC';

/** An account as Salesforce's event relay tells of its creation, as JSON text. A later `at` is a later change of the same record. */
export function accountCreated(externalId: string, name: string, at: Date): string {
  return stringifyExact({
    version: '0',
    source: `aws.partner/salesforce.com/${SAMPLE_ORG}/0YL5e0000004TryGAE`,
    'detail-type': 'AccountChangeEvent',
    time: at.toISOString(),
    detail: {
      payload: {
        Name: name,
        ChangeEventHeader: {
          entityName: 'Account',
          changeType: 'CREATE',
          recordIds: [externalId],
          commitTimestamp: at.getTime(),
          // Beyond what a double holds, as Salesforce's are.
          commitNumber: exactNumber(`${at.getTime()}683617`),
          sequenceNumber: 1,
          transactionKey: `00000000-0000-0000-0000-${at.getTime().toString(16).padStart(12, '0')}`,
          changedFields: [],
        },
      },
    },
  });
}
