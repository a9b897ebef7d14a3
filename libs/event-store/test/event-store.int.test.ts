import { eventFeedContract } from '@clientele/testing';
import t from 'tap';
import { InMemoryEventStore, PostgresLogFeed } from '../src/index.ts';
import { eventStoreContract } from './contract/event-store-contract.ts';
import { streamId, events, outcome, changeId, unit, write } from './contract/units.ts';
import { server, writeDatabase } from './support.ts';

const postgres = await server(t);

t.test('in memory', async (t) => {
  eventStoreContract(t, async () => {
    const store = new InMemoryEventStore();
    return await Promise.resolve({ store, fenceLane: (lane, epoch) => store.fenceLane(lane, epoch) });
  });
});

t.test('on PostgreSQL', async (t) => {
  eventStoreContract(t, async (t) => {
    const database = await writeDatabase(t, postgres);
    return { store: database.store(), fenceLane: async (lane, epoch) => await database.fenceLane(lane, epoch) };
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
