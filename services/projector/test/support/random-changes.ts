import { exactNumber } from '@clientele/contracts';
import type { FieldWrite } from '@clientele/domain';
import fc from 'fast-check';
import type { SentChange, SentReading } from './log-builder.ts';

const PATHS = ['Name', 'Status__c', 'AnnualRevenue', 'BillingAddress', 'BillingAddress.Street', 'BillingAddress.Geo.Latitude', 'Tags', 'ParentId', 'IsConverted', 'Description', 'a\\.b'];
const VALUES = [null, 'Acme', 'Draft', 'Active', '', true, 42, exactNumber('100.50'), exactNumber('1745500706683617281'), [exactNumber('1.0'), 'x'], '2025-01-01T00:00:00Z'];
const BEGIN = Date.parse('2025-06-05T00:00:00Z');

/** Changes of a few records, of all kinds, and looks at them, in any order of their times, now and then two at one moment. */
export function sentChanges({ records = 4, maxLength = 40 } = {}): fc.Arbitrary<(SentChange | SentReading)[]> {
  const write = fc.oneof(
    { weight: 9, arbitrary: fc.record({ path: fc.constantFrom(...PATHS), value: fc.constantFrom(...VALUES) }) },
    { weight: 1, arbitrary: fc.constant({ path: 'IsConverted', value: true }) },
  );
  const fields = fc.uniqueArray(write, { selector: ({ path }: FieldWrite) => path, maxLength: 6 });
  const time = fc.integer({ min: 0, max: 30 }).map((seconds) => BEGIN + seconds * 1000);
  const change = fc.record({
    kind: fc.constantFrom('create' as const, 'update' as const, 'update' as const, 'update' as const, 'delete' as const, 'undelete' as const, 'gap_update' as const, 'gap_undelete' as const),
    record: fc.integer({ min: 1, max: records }),
    time,
    fields,
    diffs: fc.array(fc.constantFrom({ path: 'Description', patch: 'Acme>Draft' }, { path: 'Description', patch: 'Draft>Active' }), { maxLength: 1 }),
  });
  const reading = fc.record({
    kind: fc.constant('read' as const),
    record: fc.integer({ min: 1, max: records }),
    time,
    took: fc.integer({ min: 0, max: 4000 }),
    result: fc.constantFrom('found' as const, 'found' as const, 'deleted' as const),
    survivor: fc.option(fc.integer({ min: 1, max: records })),
    fields,
  });
  const sent = fc.oneof(
    { weight: 4, arbitrary: change.map((one): SentChange | SentReading => (one.kind === 'update' ? one : { ...one, diffs: [], ...(/^(delete|gap)/.test(one.kind) ? { fields: [] } : {}) })) },
    { weight: 1, arbitrary: reading.map((one): SentChange | SentReading => (one.result === 'found' ? { ...one, survivor: null } : { ...one, fields: [] })) },
  );
  return fc.array(sent, { minLength: 1, maxLength });
}
