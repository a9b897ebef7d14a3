import fc from 'fast-check';
import t from 'tap';
import { planLeases } from '../src/leases/lease-plan.ts';

/** A group of members that take turns in the given order against one table. */
function converge(
  leases: number,
  members: number,
  turns: readonly number[],
  owners: readonly (number | null)[],
): { moves: number; counts: number[]; free: number } {
  const names = Array.from({ length: members }, (_, index) => `m${index}`);
  const table = Array.from({ length: leases }, (_, index) => {
    const owner = owners[index];
    return { name: `l${index}`, owner: owner === null || owner === undefined || owner >= members ? null : `m${owner}`, abandoned: false };
  });
  const turn = (me: string): number => {
    const plan = planLeases(me, names, table);
    const given = table.filter(({ owner }) => owner === me).slice(0, plan.giveBack);
    const taken = table.filter((lease) => plan.free.slice(0, plan.takeAtMost).includes(lease));
    for (const lease of given) lease.owner = null;
    for (const lease of taken) lease.owner = me;
    return given.length + taken.length;
  };
  for (const index of turns) turn(names[index % members]!);
  for (let round = 0; round < 4; round += 1) names.forEach(turn);
  const moves = names.map(turn).reduce((total, count) => total + count, 0);
  return {
    moves,
    counts: names.map((name) => table.filter(({ owner }) => owner === name).length),
    free: table.filter(({ owner }) => owner === null).length,
  };
}

t.test(
  'whatever the start and the order of turns, every lease ends up held, in shares that differ by one at most, and then stays',
  async (t) => {
    const owner = fc.option(fc.nat(5), { nil: null });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(5), { maxLength: 12 }),
        fc.array(owner, { maxLength: 9 }),
        (leases, members, turns, owners) => {
          const { moves, counts, free } = converge(leases, members, turns, owners);
          return moves === 0 && free === 0 && Math.max(...counts) - Math.min(...counts) <= 1;
        },
      ),
      { numRuns: 2_000 },
    );
    t.pass('2,000 groups');
  },
);

t.test('a leader stays the leader when others join, whatever their names', async (t) => {
  const lease = [{ name: 'relay', owner: 'm', abandoned: false }];
  for (const me of ['a', 'm', 'z']) t.match(planLeases(me, ['a', 'm', 'z'], lease), { giveBack: 0, takeAtMost: 0 });
});

t.test('a lease of a member that lives no more is free', async (t) => {
  const leases = [
    { name: 'x', owner: 'dead', abandoned: false },
    { name: 'y', owner: null, abandoned: true },
  ];
  t.match(planLeases('a', ['a'], leases), { free: leases, takeAtMost: 2 });
});
