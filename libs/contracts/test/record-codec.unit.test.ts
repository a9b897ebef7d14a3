import { clockOf, initialRecord, replay, type Json, type RecordState } from '@clientele/domain';
import t from 'tap';
import { decodeRecord, encodeRecord, exactNumber, parseWritten, stringifyExact } from '../src/index.ts';

const clock = (commitTime: number): ReturnType<typeof clockOf> => clockOf({ commitTime, commitNumber: '1745500706683617281', sequenceNumber: 0, changeId: `20250424-${commitTime}` });
const blank = { lost: [], floor: false, lifecycle: null, changed: [], state: null } as const;

const full: RecordState = replay([
  {
    ...blank, type: 'Created', clock: clock(1), floor: true, lifecycle: 'active', state: {},
    fields: [{ path: 'Name', value: 'A' }, { path: 'Amount', value: exactNumber('100.50') }, { path: '__proto__', value: [exactNumber('1.0'), null] }, { path: 'a\\.b', value: null }],
  },
  { ...blank, type: 'Updated', clock: clock(2), fields: [{ path: 'Name', value: 'B' }] },
  { ...blank, type: 'Deleted', clock: clock(3), fields: [], lifecycle: 'deleted' },
]);

const mark = { from: 3000, until: 8000, order: clock(5000) };
const looked: RecordState = replay([
  { ...blank, type: 'Updated', clock: clock(4), fields: [{ path: 'Name', value: 'C' }], diffs: [{ path: 'Text', patch: '@@' }], withheld: true },
  { type: 'MarkedDirty', clock: clock(6000), since: clock(6000), reason: 'gap', gap: true },
  { type: 'Converted', clock: clock(6000), into: [] },
  { ...blank, type: 'Updated', clock: mark.order, fields: [{ path: 'Name', value: 'D' }, { path: '__proto__', value: exactNumber('1.0') }], read: { mark, result: 'deleted' }, lifecycle: 'deleted' },
  { type: 'Merged', clock: mark.order, survivor: { entity: 'Account', externalId: '2', mark } },
  { ...blank, type: 'Updated', clock: clock(7000), fields: [], diffs: [{ path: 'Text', patch: '@@ 2' }], withheld: true },
], full);

t.test('a record comes back as it was, by way of text', async (t) => {
  for (const state of [full, looked, initialRecord]) {
    const read = decodeRecord(parseWritten(stringifyExact(encodeRecord(state))));
    t.strictSame({ ...read, fields: [...read.fields], reads: [...read.reads] }, { ...state, fields: [...state.fields], reads: [...state.reads] });
  }
  t.match(looked, { converted: true, withheld: true, gaps: [clock(6000)], survivor: { externalId: '2' }, read: { result: 'deleted' }, diffs: [{}, {}] }, 'with all that a record can have');
  t.strictSame(decodeRecord(encodeRecord(full)).reads.size, 0, 'what most records have none of may be absent');
  t.match(encodeRecord(full), { clocks: [clock(2), clock(1)] }, 'the fields of one change share its clock');
  await Promise.resolve();
});

t.test('what is no record is told', async (t) => {
  const whole = encodeRecord(full);
  const wrong: Json[] = [
    null, [], {}, { ...whole, fields: [] }, { ...whole, clocks: ['yesterday'] }, { ...whole, fields: { Name: ['A', 9] } }, { ...whole, fields: { Name: 'A' } },
    { ...whole, version: null }, { ...whole, floor: 1 }, { ...whole, gaps: ['x'] }, { ...whole, read: [0, 'found'] }, { ...whole, marks: [[1]] }, { ...whole, reads: 1 },
    { ...whole, diffs: [['Text']] }, { ...whole, survivor: [0, 'Account', '2'] },
  ];
  for (const value of wrong) t.throws(() => decodeRecord(value), TypeError, stringifyExact(value).slice(0, 80));
  await Promise.resolve();
});
