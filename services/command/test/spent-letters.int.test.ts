import { createPool } from '@clientele/service-kit';
import t from 'tap';
import { SpentLetters } from '../src/dead-letters/spent-letters.ts';
import { change } from './support/commands.ts';
import { leaveAsEarlierCode } from './support/earlier-database.ts';
import { sharedPostgres, testSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);

t.test('what had all its attempts is given out until it was taken up, and then never again', async (t) => {
  const parked = ['1', '2', '3'].map((n) => change({ externalId: `0015f000000000${n}AAA`, kind: 'unknown', sourceChangeType: 'SNAPSHOT', data: {} }));
  const system = await testSystem(t, postgres, { before: (url) => leaveAsEarlierCode(url, parked) });
  await system.db.query('update clientele.ledger set next_attempt_at = null, attempts = 28');
  const pool = createPool(system.ownerUrl, { applicationName: 'test' });
  t.teardown(() => pool.end());
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
  t.strictSame([...first, ...rest].toSorted(), parked.map(({ commandId }) => commandId).toSorted());
  t.strictSame(await next(), rest);
  letters.told();
  t.strictSame(await next(), []);
  t.strictSame(await next(), [], 'all were told');
});
