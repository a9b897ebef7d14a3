import { exactNumber } from '@clientele/contracts';
import type { FieldWrite } from '@clientele/domain';
import fc from 'fast-check';
import type { SentChange } from './log-builder.ts';

const PATHS = ['Name', 'Status__c', 'AnnualRevenue', 'BillingAddress', 'BillingAddress.Street', 'BillingAddress.Geo.Latitude', 'Tags', 'ParentId', 'a\\.b'];
const VALUES = [null, 'Acme', 'Draft', 'Active', '', true, 42, exactNumber('100.50'), exactNumber('1745500706683617281'), [exactNumber('1.0'), 'x'], '2025-01-01T00:00:00Z'];
const BEGIN = Date.parse('2025-06-05T00:00:00Z');

/** Changes of a few records in any order of their times, now and then two at one moment. */
export function sentChanges({ records = 4, maxLength = 40 } = {}): fc.Arbitrary<SentChange[]> {
  const fields = fc.uniqueArray(fc.record({ path: fc.constantFrom(...PATHS), value: fc.constantFrom(...VALUES) }), { selector: ({ path }: FieldWrite) => path, maxLength: 6 });
  const change = fc.record({
    kind: fc.constantFrom('create' as const, 'update' as const, 'update' as const, 'update' as const, 'delete' as const, 'undelete' as const),
    record: fc.integer({ min: 1, max: records }),
    time: fc.integer({ min: 0, max: 30 }).map((seconds) => BEGIN + seconds * 1000),
    fields,
  });
  return fc.array(change.map((sent): SentChange => (sent.kind === 'delete' ? { ...sent, fields: [] } : sent)), { minLength: 1, maxLength });
}
