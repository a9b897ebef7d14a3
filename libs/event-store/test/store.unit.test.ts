import pg from 'pg';
import { UnavailableError } from '@clientele/contracts';
import t from 'tap';
import type { CommitResult, CommitUnit } from '../src/event-store.ts';
import { ledgerDay, NO_DAY } from '../src/ledger-day.ts';
import { storeError } from '../src/postgres/errors.ts';
import { DEFAULT_LIMITS, GroupCommitter } from '../src/postgres/group-committer.ts';
import { prepareUnit, type PreparedUnit } from '../src/prepared-unit.ts';
import { uuidV7 } from '../src/uuid-v7.ts';
import { changeId, ledgerRow, mapping, step, streamId, unit, write } from './contract/units.ts';

interface Group {
  readonly units: readonly PreparedUnit[];
  readonly done: (error?: Error) => void;
}

/** A committer whose groups end when the test says so. */
function committer(limits = DEFAULT_LIMITS): { groups: Group[]; commit: (unit: CommitUnit) => Promise<CommitResult>; drained: () => Promise<void> } {
  const groups: Group[] = [];
  const committer = new GroupCommitter((units) => new Promise((resolve, reject) => {
    const results = units.map((): CommitResult => ({ status: 'committed', writes: [] }));
    groups.push({ units, done: (error) => (error === undefined ? resolve(results) : reject(error)) });
  }), limits);
  return { groups, commit: async (unit) => await committer.commit(prepareUnit(unit)), drained: async () => await committer.drained() };
}

/** Lets everything happen that needs no one else: a group begins in a turn of the event loop of its own, and the second one after it. */
async function turn(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

const one = (): CommitUnit => unit({ writes: [write(streamId(), 'any')] });
const streams = (group: Group | undefined): (string | undefined)[] | undefined => group?.units.map(({ unit }) => unit.writes[0]?.streamId);

t.test('what is asked for while a group is under way is the next group', async (t) => {
  const { groups, commit, drained } = committer();
  const first = [commit(one()), commit(one())];
  await turn();
  const second = [commit(one()), commit(one()), commit(one())];
  await turn();
  t.same(groups.map(({ units }) => units.length), [2], 'one group at a time');
  groups[0]?.done();
  await Promise.all(first);
  await turn();
  t.same(groups.map(({ units }) => units.length), [2, 3]);
  groups[1]?.done();
  await Promise.all([...second, drained()]);
});

t.test('where there is enough for two, a second group goes beside the one under way, and touches nothing of it', async (t) => {
  const { groups, commit, drained } = committer();
  const ids = Array.from({ length: 64 }, () => streamId());
  const to = (id = ''): Promise<CommitResult> => commit(unit({ writes: [write(id, 'any')] }));
  const all = ids.map(to);
  await turn();
  t.same([streams(groups[0]), streams(groups[1])], [ids.slice(0, 32), ids.slice(32)], 'half and half');
  all.push(...ids.map(to));
  await turn();
  t.equal(groups.length, 2, 'no third, and nothing of a stream before what was asked of it earlier has come back');
  groups[1]?.done();
  await turn();
  t.same(streams(groups[2]), ids.slice(32));
  groups[0]?.done();
  await turn();
  t.same(streams(groups[3]), ids.slice(0, 32));
  const few = Array.from({ length: 15 }, () => to(streamId()));
  groups[2]?.done();
  await turn();
  t.equal(groups.length, 4, 'a few wait for the next group');
  groups[3]?.done();
  await turn();
  t.equal(groups[4]?.units.length, 15);
  groups[4]?.done();
  await Promise.all([...all, ...few, drained()]);
});

t.test('units that touch the same go one after the other, in their order', async (t) => {
  const { groups, commit } = committer();
  const [a, b, c] = [streamId(), streamId(), streamId()];
  const to = (...ids: string[]): Promise<CommitResult> => commit(unit({ writes: ids.map((id) => write(id, 'any')) }));
  const all = [to(a), to(a, b), to(b), to(c)];
  await turn();
  t.same(streams(groups[0]), [a, c], 'the unit after the one that waits must not pass it');
  groups[0]?.done();
  await turn();
  t.same(groups[1]?.units.map(({ unit }) => unit.writes.length), [2]);
  groups[1]?.done();
  await turn();
  t.same(streams(groups[2]), [b]);
  groups[2]?.done();
  await Promise.all(all);

  const id = changeId();
  const pairs: readonly [CommitUnit, CommitUnit][] = [
    [unit({ mappings: [mapping('A', a)] }), unit({ mappings: [mapping('A', b)] })],
    [unit({ ledger: [ledgerRow(id)] }), unit({ ledger: [ledgerRow(id)] })],
    [unit({ lane: step('commands.0', 1, null) }), unit({ lane: step('commands.0', 1, 1) })],
  ];
  for (const [earlier, later] of pairs) {
    const before = groups.length;
    const both = [commit(earlier), commit(later)];
    await turn();
    t.same(groups.slice(before).map(({ units }) => units.length), [1]);
    groups.at(-1)?.done();
    await turn();
    t.same(groups.slice(before).map(({ units }) => units.length), [1, 1]);
    groups.at(-1)?.done();
    await Promise.all(both);
  }
});

t.test('a group is bounded in units and bytes; a larger unit goes alone', async (t) => {
  const size = prepareUnit(one()).bytes;
  const { groups, commit } = committer({ ...DEFAULT_LIMITS, maxUnits: 3, maxBytes: size * 2 + 1 });
  const all = [commit(one()), commit(one()), commit(one()), commit(unit({ writes: [1, 2, 3].map(() => write(streamId(), 'any')) })), commit(one())];
  for (const length of [2, 1, 1, 1]) {
    await turn();
    t.equal(groups.at(-1)?.units.length, length);
    groups.at(-1)?.done();
  }
  await Promise.all(all);
});

t.test('what may wait is bounded', async (t) => {
  const size = prepareUnit(one()).bytes;
  for (const limits of [{ maxQueuedUnits: 2 }, { maxQueuedBytes: size, maxBytes: size }]) {
    const { groups, commit } = committer({ ...DEFAULT_LIMITS, maxUnits: 1, ...limits });
    const first = commit(one());
    await turn();
    const waiting = [commit(one()), commit(one())];
    await t.rejects(commit(one()), UnavailableError, Object.keys(limits).join(' and '));
    for (let index = 0; index < 3; index += 1) {
      groups[index]?.done();
      await turn();
    }
    await Promise.all([first, ...waiting]);
  }
});

t.test('what cannot be had fails the group; a bug fails its own unit', async (t) => {
  const { groups, commit } = committer();
  const away = [commit(one()), commit(one())];
  await turn();
  groups[0]?.done(new UnavailableError('away'));
  for (const refused of away) await t.rejects(refused, UnavailableError);

  const [bad, good] = [commit(one()), commit(one())];
  await turn();
  groups[1]?.done(new Error('bug'));
  await turn();
  t.same(groups[2]?.units.length, 1, 'each is tried alone');
  groups[2]?.done(new Error('bug'));
  await t.rejects(bad, /bug/);
  await turn();
  groups[3]?.done();
  t.match(await good, { status: 'committed' });
});

t.test('the ledger\'s day is the one that an id begins with', async (t) => {
  t.equal(ledgerDay('20250424-abc'), '2025-04-24');
  t.equal(ledgerDay('20240229-abc'), '2024-02-29');
  for (const id of ['20250229-abc', '20251301-abc', '00000101-abc', 'abc', '2025042-abc', '20250424', '']) t.equal(ledgerDay(id), NO_DAY, id);
  await Promise.resolve();
});

t.test('ids of version 7 rise, also within a millisecond and when the clock falls back', async (t) => {
  const ids = [...Array.from({ length: 5000 }, () => uuidV7()), uuidV7(Date.now() - 1000), uuidV7(Date.now() + 10_000)];
  t.same(ids, [...ids].sort());
  t.equal(new Set(ids).size, ids.length);
  t.ok(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)));
  t.ok(Math.abs(Number.parseInt(uuidV7(Date.now() + 60_000).replaceAll('-', '').slice(0, 12), 16) - Date.now() - 60_000) < 1000);
  await Promise.resolve();
});

t.test('what the database refuses for the moment is to be tried again, and the rest is a bug', async (t) => {
  const refusal = (code: string, table?: string): pg.DatabaseError => Object.assign(new pg.DatabaseError('refused', 7, 'error'), { severity: 'ERROR', code, table });
  for (const code of ['08006', '28P01', '3D000', '40P01', '53300', '55000', '55P03', '57P01']) {
    t.match(storeError(refusal(code), 'a test'), { name: 'UnavailableError' }, code);
  }
  t.match(storeError(refusal('23514', 'ledger_default'), 'a test'), { name: 'UnavailableError' }, 'the partition of its day was made meanwhile');
  t.match(storeError(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), 'a test'), { name: 'UnavailableError', message: /^the write database cannot be had for a test: write EPIPE$/ });
  for (const bug of [refusal('23514', 'plans'), refusal('42P01'), refusal('22P05')]) t.equal(storeError(bug, 'a test'), bug);
});
