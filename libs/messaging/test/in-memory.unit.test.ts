import { eventDispatcherContract, eventFeedContract, laneFeedContract, sampleEntries } from '@clientele/testing';
import t from 'tap';
import { InMemoryEventFeed, InMemoryLanes } from '../src/index.ts';

t.test('InMemoryLanes as a dispatcher', async (t) => {
  eventDispatcherContract(t, async () => {
    const lanes = new InMemoryLanes(4);
    return { dispatcher: lanes, feed: lanes, lanes: 4, setAvailable: (available) => lanes.setAvailable(available) };
  });
});

t.test('InMemoryLanes as a feed', async (t) => {
  laneFeedContract(t, async () => {
    const lanes = new InMemoryLanes();
    return { feed: lanes, publish: (lane, data) => lanes.put(lane, data), recreate: () => lanes.recreate() };
  });
});

t.test('InMemoryEventFeed', async (t) => {
  eventFeedContract(t, async () => {
    const feed = new InMemoryEventFeed();
    let head = 0;
    return {
      feed,
      incarnation: feed.incarnation,
      append: async (count) => {
        const entries = sampleEntries(head + 1, head + count);
        head += count;
        feed.append(entries);
        return entries;
      },
      forget: (upTo) => feed.forget(upTo),
    };
  });
});
