import { eventFeedContract } from '@clientele/testing';
import t from 'tap';
import { InMemoryEventStore, listPlans, PostgresLogFeed } from '../src/index.ts';
import { eventStoreContract } from './contract/event-store-contract.ts';
import type { KeptRequests } from './contract/requests-contract.ts';
import { streamId, events, outcome, changeId, unit, write } from './contract/units.ts';
import { server, writeDatabase, type WriteDatabase } from './support.ts';

const postgres = await server(t);

t.test('in memory', async (t) => {
  eventStoreContract(t, async () => {
    const store = new InMemoryEventStore();
    const kept = (): KeptRequests => ({
      reads: store.reads(), plans: store.plans(), edits: store.edits().map(({ commandId, by, reason, payload }) => ({ commandId, by, reason, payload })),
    });
    return await Promise.resolve({ store, fenceLane: (lane, epoch) => store.fenceLane(lane, epoch), kept });
  });
});

t.test('on PostgreSQL', async (t) => {
  eventStoreContract(t, async (t) => {
    const database = await writeDatabase(t, postgres);
    return { store: database.store(), fenceLane: async (lane, epoch) => await database.fenceLane(lane, epoch), kept: async () => await kept(database) };
  });
});

t.test('the log in PostgreSQL as a feed', async (t) => {
  eventFeedContract(t, async (t) => {
    const database = await writeDatabase(t, postgres);
    const store = database.store();
    const feed = new PostgresLogFeed(database.pool('clientele_log_reader'));
    const append = async (count: number) => {
      const { position } = await store.head();
      const last = unit({ outcomes: [outcome(changeId())] });
      await store.commit(count === 1 ? [last] : [unit({ writes: [write(streamId(), 'none', { events: events(count - 1) })] }), last]);
      return await store.readAll(position, count);
    };
    return { feed, incarnation: (await store.head()).incarnation, append };
  });
});

t.test('a page of the log is bounded by bytes as well as by entries, and following it leaves out none', async (t) => {
  const database = await writeDatabase(t, postgres);
  const store = database.store();
  const large = (megabytes: number) => events(1).map((event) => ({ ...event, data: { ...event.data, note: 'x'.repeat(megabytes * 1024 * 1024) } }));
  for (const megabytes of [0, 9, 5, 2, 2, 0, 0, 0]) await store.append([write(streamId(), 'none', { events: large(megabytes) })]);
  const positions = async (after: number, limit: number) => (await store.readAll(after, limit)).map(({ position }) => position);
  t.same(await positions(0, 100), [1, 2], 'up to the one that is too much');
  t.same(await positions(1, 100), [2], 'one at least');
  t.same(await positions(2, 100), [3, 4, 5]);
  t.same(await positions(5, 2), [6, 7]);
  const pages: number[][] = [];
  const ending = new AbortController();
  for await (const { entries, head } of new PostgresLogFeed(database.pool('clientele_log_reader')).read({ incarnation: null, position: 0 }, { signal: ending.signal })) {
    pages.push(entries.map(({ position }) => position));
    if (pages.at(-1)?.at(-1) === head) ending.abort();
  }
  t.same(pages, [[1, 2], [3, 4, 5], [6, 7, 8]]);
});

async function kept({ owner }: WriteDatabase): Promise<KeptRequests> {
  const { rows: reads } = await owner.query<KeptRequests['reads'][number]>(
    `select source, entity, external_id as "externalId", provider, reason, lane, since, not_before as "notBefore", requested_at as "requestedAt"
       from clientele.reads order by requested_at`,
  );
  const { rows: edits } = await owner.query<KeptRequests['edits'][number]>(
    'select command_id as "commandId", editor as by, reason, payload::text as payload from clientele.ledger_edits order by edited_at',
  );
  return { reads, edits, plans: [...await listPlans(owner)].reverse() };
}
