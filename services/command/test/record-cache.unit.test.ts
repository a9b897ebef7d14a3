import { exactNumber } from '@clientele/contracts';
import { clockOf, initialRecord, type FieldState, type Json, type RecordState } from '@clientele/domain';
import t from 'tap';
import { RecordCache } from '../src/state-cache/record-cache.ts';

const MEGABYTE = 1024 * 1024;

function record(value: Json, path = 'Description'): RecordState {
  const field: FieldState = { value, clock: clockOf({ commitTime: 1, commitNumber: '1', sequenceNumber: 0, changeId: '' }) };
  return { ...initialRecord, version: 1, fields: new Map([[path, field]]) };
}

t.test('the cache holds no more than its bytes, whatever a field holds', async (t) => {
  const long = 'x'.repeat(400_000);
  const digits = exactNumber('9'.repeat(400_000));
  for (const [what, state] of Object.entries({
    'a long text': record(long),
    'a number of many digits': record(digits),
    'a list of texts': record([long.slice(0, 200_000), { of: exactNumber('9'.repeat(200_000)) }]),
    'a long path': record(1, long),
  })) {
    const cache = new RecordCache(MEGABYTE);
    cache.put('short', record('x'));
    cache.put('one', state);
    t.equal(cache.get('one'), state, `${what} is kept`);
    cache.put('two', state);
    t.same([cache.get('short'), cache.get('one')], [undefined, undefined], `${what}: the next pushes out what does not fit beside it`);
    t.equal(cache.get('two'), state);
  }
});

t.test('a record that is larger than the cache is not kept, and no earlier state of it either', async (t) => {
  const cache = new RecordCache(MEGABYTE);
  cache.put('a', record('x'));
  cache.put('a', record('x'.repeat(MEGABYTE)));
  t.equal(cache.get('a'), undefined);
});
