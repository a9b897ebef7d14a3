import { exactNumber } from '@clientele/contracts';
import type { TrueRecord } from '@clientele/testing';
import t from 'tap';
import { compareRecords } from '../src/demo/compare.ts';
import { DemoError } from '../src/demo/demo-error.ts';
import { readOptions } from '../src/demo/options.ts';
import type { ServedRecord } from '../src/demo/query-client.ts';

const truth: TrueRecord = {
  entity: 'Account', externalId: '001', lifecycle: 'active', fields: new Map([['Amount', exactNumber('100.50')], ['BillingAddress.City', 'Zürich']]),
};
const served: ServedRecord = {
  id: 'u1', entity: 'Account', externalId: '001', lifecycle: 'active', complete: true,
  fields: { Amount: exactNumber('100.50'), BillingAddress: { City: 'Zürich', Street: null }, Phone: null },
};

t.test('a record is compared in everything', (t) => {
  const differing = (more: Partial<ServedRecord>) => compareRecords([truth], [{ ...served, ...more }]).map(({ field, org, query }) => [field, org, query]);
  t.strictSame(differing({}), []);
  t.strictSame(differing({ lifecycle: 'deleted', complete: false }), [['(lifecycle)', 'active', 'deleted'], ['(complete)', 'true', 'false']]);
  t.strictSame(differing({ fields: { ...served.fields, Amount: 100.5 } }), [['Amount', '100.50', '100.5']], 'digit by digit');
  t.strictSame(differing({ fields: { ...served.fields, BillingAddress: 'Zürich' } }),
    [['BillingAddress.City', '"Zürich"', '(none)'], ['BillingAddress', '(none)', '"Zürich"']]);
  t.strictSame(differing({ fields: { ...served.fields, Phone: '1' } }), [['Phone', '(none)', '"1"']]);
  t.end();
});

t.test('records that are missing, doubled or made up are differences', (t) => {
  t.match(compareRecords([truth], []), [{ record: 'Account 001', field: '(record)', query: '(none)' }]);
  t.match(compareRecords([truth], [served, { ...served, id: 'u2' }]), [{ field: '(record)', query: 'also as u2' }]);
  t.match(compareRecords([truth], [served, { ...served, entity: 'Lead' }]), [{ record: 'Lead 001', org: '(none)' }]);
  t.end();
});

t.test('options', (t) => {
  t.match(readOptions([]), { seed: 'clientele', records: 300, changes: 3000, rate: 300, repeat: 0, reorder: 0, merge: false });
  t.match(readOptions(['--repeat', '--reorder', '--merge']), { repeat: 0.2, reorder: 100, merge: true }, 'switches without a value');
  t.match(readOptions(['--reorder', '7', '--repeat=0.5', '--seed', 'x', '--records', '5', '--changes', '0', '--rate', '50']),
    { repeat: 0.5, reorder: 7, seed: 'x', records: 5, changes: 0, rate: 50 });
  t.ok(readOptions(['-h']).help);
  for (const wrong of [['--records', '0'], ['--records', '1.5'], ['--repeat', '2'], ['--rate', 'fast'], ['--colour'], ['--seed']]) {
    t.throws(() => readOptions(wrong), DemoError, wrong.join(' '));
  }
  t.end();
});
