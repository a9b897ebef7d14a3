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

t.test('a record comes back as it was, by way of text', async (t) => {
  for (const state of [full, initialRecord]) {
    const read = decodeRecord(parseWritten(stringifyExact(encodeRecord(state))));
    t.strictSame({ ...read, fields: [...read.fields] }, { ...state, fields: [...state.fields] });
  }
  t.match(encodeRecord(full), { clocks: [clock(2), clock(1)] }, 'the fields of one change share its clock');
  await Promise.resolve();
});

t.test('what is no record is told', async (t) => {
  const whole = encodeRecord(full);
  const wrong: Json[] = [
    null, [], {}, { ...whole, fields: [] }, { ...whole, clocks: ['yesterday'] }, { ...whole, fields: { Name: ['A', 9] } }, { ...whole, fields: { Name: 'A' } },
    { ...whole, version: null }, { ...whole, floor: 1 },
  ];
  for (const value of wrong) t.throws(() => decodeRecord(value), TypeError, stringifyExact(value).slice(0, 80));
  await Promise.resolve();
});
