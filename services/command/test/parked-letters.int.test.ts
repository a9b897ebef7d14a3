import type { Command } from '@clientele/contracts';
import { claimPlan, createPlan, PostgresEventStore, uuidV7 } from '@clientele/event-store';
import { createPool } from '@clientele/service-kit';
import t from 'tap';
import { RedriveLetters, type OrderResult } from '../src/dead-letters/redrive/redrive-letters.ts';
import { RedriveRun } from '../src/dead-letters/redrive/redrive-run.ts';
import { retryDue } from '../src/dead-letters/retry-due.ts';
import { SpentLetters } from '../src/dead-letters/spent-letters.ts';
import { change } from './support/commands.ts';
import { leaveAsEarlierCode } from './support/earlier-database.ts';
import { testPipeline } from './support/pipeline.ts';
import { sharedPostgres, testSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);
const parked = ['1', '2', '3'].map((n) => change({ externalId: `0015f000000000${n}AAA`, kind: 'unknown', sourceChangeType: 'SNAPSHOT', data: {} }));
const system = await testSystem(t, postgres, { before: (url) => leaveAsEarlierCode(url, parked) });
const pool = createPool(system.ownerUrl, { applicationName: 'test' });
t.teardown(() => pool.end());

const store = new PostgresEventStore({ pool });
const ids = parked.map(({ commandId }) => commandId).toSorted();
const sent: Command[] = [];
const dispatcher = { dispatch: async (commands: readonly Command[]) => void sent.push(...commands) };
t.beforeEach(() => void sent.splice(0));

t.test('a redrive means what was parked before it began', async (t) => {
  const letters = new RedriveLetters(pool);
  const { rows: [last] } = await pool.query<{ at: Date }>('select max(decided_at) as at from clientele.ledger');
  const meant = async (until: number): Promise<[number, string[]]> => {
    const time = new Date(until).toISOString();
    return [await letters.count({}, time), (await letters.page({}, time, null, 10)).targets.map(({ id }) => id).toSorted()];
  };
  const parkedAt = last?.at.getTime() ?? NaN;
  t.strictSame(await meant(parkedAt + 1), [3, ids]);
  t.strictSame(await meant(parkedAt - 60_000), [0, []]);
});

/** Whatever is ordered is decided at once. */
class Decided extends RedriveLetters {
  override async results(orderIds: readonly string[]): Promise<ReadonlyMap<string, OrderResult>> {
    return await Promise.resolve(new Map(orderIds.map((id) => [id, { outcome: 'applied', reason: null }])));
  }
}

t.test('a redrive orders no more than its rate', async (t) => {
  let seconds = 0;
  const now = performance.now.bind(performance);
  performance.now = () => seconds * 1000;
  t.teardown(() => { performance.now = now; });
  const params = { ids: null, filter: {}, rate: 1, canary: null, until: new Date().toISOString(), total: 3 };
  const { id } = await createPlan(pool, { id: uuidV7(), kind: 'redrive', source: null, provider: null, entity: null, cause: 'request', params, requestedBy: 'ada' });
  const plan = await claimPlan(pool, id, 1);
  if (plan === null) throw new Error('the plan does not run');
  const run = new RedriveRun(plan, 1, { pool, store, letters: new Decided(pool), dispatcher, now: () => new Date(), faultPoint: () => {} });
  const ordered: number[] = [];
  for (seconds of [0, 0.5, 0.9, 1, 1.5, 1.9, 2, 2.5]) {
    t.equal(await run.tick(), true);
    ordered.push(sent.length);
  }
  t.strictSame(ordered, [1, 1, 1, 2, 2, 2, 3, 3], 'one a second');
  seconds = 3;
  t.equal(await run.tick(), false, 'nothing is left');
});

t.test('what was ordered because it was due is not due again before it can have been decided', async (t) => {
  const now = new Date();
  const { handlers } = testPipeline(store);
  await retryDue({ pool, store, handlers, dispatcher, now: () => now }).run(new AbortController().signal);
  t.strictSame(sent.map((order) => order.type === 'RedriveParked' && order.target).toSorted(), ids);
  const { rows } = await pool.query<{ at: Date }>('select distinct next_attempt_at as at from clientele.ledger');
  t.strictSame(rows, [{ at: new Date(now.getTime() + 300_000) }]);
});

t.test('what had all its attempts is given out until it was taken up, and then never again', async (t) => {
  await pool.query('update clientele.ledger set next_attempt_at = null, attempts = 28');
  const letters = new SpentLetters(pool);
  const next = async (): Promise<string[]> => (await letters.next(2)).map(({ commandId }) => commandId);
  const first = await next();
  t.equal(first.length, 2);
  t.strictSame(await next(), first, 'nobody could take them up: the broker was away');
  t.strictSame(await letters.next(0), []);
  letters.told();
  t.strictSame(await next(), first, 'nor were they by who had no room for any');
  letters.told();
  const rest = await next();
  t.strictSame([...first, ...rest].toSorted(), ids);
  t.strictSame(await next(), rest);
  letters.told();
  t.strictSame(await next(), []);
  t.strictSame(await next(), [], 'all were told');
});
