import { NewerSchemaError, UnavailableError } from '@clientele/contracts';
import pg from 'pg';
import t from 'tap';
import { EntryError, entryError, isOfTheEntry, reasonOf, TooManyParkedError } from '../src/errors.ts';
import { ParkingLimit } from '../src/parking-limit.ts';
import { mayJoin, planGroups } from '../src/plan-groups.ts';
import type { Projection } from '../src/projection.ts';
import { readProgress } from '../src/progress.ts';
import { readAhead } from '../src/read-ahead.ts';
import type { Member, Written } from '../src/write-batch.ts';

function member(name: string, position: number, incarnation: string | null = 'log'): Member {
  const projection: Projection<unknown> = {
    name, version: 1, keyOf: () => null, load: async () => new Map(), apply: () => null, save: async () => {}, clear: async () => {},
  };
  return { projection, checkpoint: { name, version: 1, incarnation, position, epoch: 1 }, parkedKeys: new Set() };
}

function names(groups: readonly (readonly Member[])[]): string[][] {
  return groups.map((group) => group.map(({ projection }) => projection.name));
}

t.test('views that are near one another read together, those far behind or of another log alone', async (t) => {
  t.same(planGroups([], 100), []);
  t.same(names(planGroups([member('a', 1000), member('b', 901), member('c', 899), member('d', 0)], 100)), [['a', 'b'], ['c'], ['d']]);
  t.same(names(planGroups([member('a', 0, null), member('b', 50)], 100)), [['a', 'b']], 'before the first entry it belongs to any log');
  t.same(names(planGroups([member('a', 50, 'old'), member('b', 51, 'new')], 100)), [['b'], ['a']]);
  t.equal(mayJoin(member('a', 994), member('b', 1000), 100), false);
  t.equal(mayJoin(member('a', 995), member('b', 1000), 100), true);
  t.equal(mayJoin(member('a', 2000), member('b', 1000), 100), true, 'the foremost of the start may have been overtaken');
});

t.test('what is the fault of the entry, and what of the world', async (t) => {
  const database = (code: string) => Object.assign(new pg.DatabaseError('no', 1, 'error'), { code });
  for (const code of ['22021', '23505', '54000']) t.equal(isOfTheEntry(database(code)), true, code);
  for (const code of ['08006', '40001', '42P01', '53300', '55P03', '57P01', 'XX000']) t.equal(isOfTheEntry(database(code)), false, code);
  t.equal(isOfTheEntry(new Error('Connection terminated')), false);
  t.equal(isOfTheEntry(new RangeError('no')), true);
  t.equal(isOfTheEntry(entryError('thrown as text')), true);
  for (const cause of [new NewerSchemaError('newer'), new UnavailableError('away')]) t.equal(entryError(cause), cause, 'says itself what it is');
  t.equal(reasonOf(new EntryError('version 9', { cause: new RangeError('version 9') })), 'RangeError: version 9');
  t.equal(reasonOf(database('22021')), 'SQLSTATE 22021: no');
  t.equal(reasonOf('?'), 'unknown: thrown by no error');
});

t.test('fifty in a thousand may be parked, not one more; each thousand anew', async (t) => {
  const limit = new ParkingLimit();
  const written = (applied: number, parked: number): Written[] => [
    { member: member('a', 1), applied, waiting: 0, seconds: 0, parked: Array.from({ length: parked }, () => ({ key: 'k', position: 1, reason: 'why' })) },
  ];
  t.doesNotThrow(() => limit.check(written(0, 50)));
  t.throws(() => limit.check(written(500, 51)), TooManyParkedError);
  limit.count(written(800, 50));
  t.throws(() => limit.check(written(99, 1)), TooManyParkedError);
  limit.count(written(150, 0));
  t.doesNotThrow(() => limit.check(written(99, 50)));
});

t.test('one item is read ahead and no more; its failure comes in its turn; a source that waits is closed with its reader', async (t) => {
  const asked: number[] = [];
  let closed = false;
  async function* numbers(signal: AbortSignal): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= 3; n += 1) {
        asked.push(n);
        yield n;
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } finally {
      closed = true;
    }
  }
  for await (const n of readAhead(numbers, new AbortController().signal)) {
    await new Promise(setImmediate);
    t.same(asked, [1, 2, 3].slice(0, n + 1));
    if (n === 3) break;
  }
  t.equal(closed, true);

  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new Error('second');
  }
  const got: number[] = [];
  await t.rejects(async () => {
    for await (const n of readAhead(failing, new AbortController().signal)) {
      await new Promise(setImmediate);
      got.push(n);
    }
  }, { message: 'second' });
  t.same(got, [1]);
});

t.test('where the read database is away, the place of views is to be asked for again later', async (t) => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 9 });
  t.teardown(async () => await pool.end());
  await t.rejects(readProgress(pool, [{ name: 'records', version: 1 }]), { name: 'UnavailableError', message: /^the read database cannot be had: connect ECONNREFUSED/ });
});
