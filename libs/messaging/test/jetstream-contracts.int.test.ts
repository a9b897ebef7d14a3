import { eventDispatcherContract, eventFeedContract, laneFeedContract, sampleEntries } from '@clientele/testing';
import t from 'tap';
import { EventPipeline, JetStreamDispatcher, JetStreamEventFeed, JetStreamLaneFeed, toEventMessage } from '../src/index.ts';
import { broker, brittleLink, freshStream, linkTo } from './support.ts';

const nats = await broker(t);
const operator = await linkTo(t, nats.url, 'operator');

t.test('JetStreamDispatcher', async (t) => {
  eventDispatcherContract(t, async (t) => {
    await freshStream(operator, 'commands');
    const { link, proxy } = await brittleLink(t, nats, 'ingest');
    const dispatcher = new JetStreamDispatcher({ link, lanes: 4, deadlineMs: 300 });
    t.teardown(async () => await dispatcher.close());
    const feed = new JetStreamLaneFeed({ link: await linkTo(t, nats.urlFor('command')) });
    return { dispatcher, feed, lanes: 4, setAvailable: (available) => (available ? proxy.resume() : proxy.pause()) };
  });
});

t.test('JetStreamLaneFeed', async (t) => {
  laneFeedContract(t, async (t) => {
    await freshStream(operator, 'commands');
    const link = await linkTo(t, nats.urlFor('command'));
    return {
      feed: new JetStreamLaneFeed({ link, readAheadMessages: 32 }),
      publish: async (lane, data) => void (await operator.nats.jetstream().publish(`crm.${lane}`, data)),
      recreate: async () => await freshStream(operator, 'commands'),
    };
  });
});

t.test('JetStreamEventFeed', async (t) => {
  eventFeedContract(t, async (t) => {
    await freshStream(operator, 'events');
    const link = await linkTo(t, nats.urlFor('command'));
    const pipeline = new EventPipeline({ link, lastSequence: 0, rebuildEpoch: 0 });
    const feed = new JetStreamEventFeed({
      link: await linkTo(t, nats.urlFor('projector')),
      resolve: async (position) => await Promise.reject(new Error(`${position} was published whole`)),
    });
    let head = 0;
    return {
      feed,
      incarnation: 'log-1',
      append: async (count) => {
        const entries = sampleEntries(head + 1, head + count);
        head += count;
        for (const entry of entries) {
          await pipeline.send([toEventMessage(entry, { incarnation: 'log-1', maxPayload: link.maxPayload, dataref: () => '' })]);
        }
        await pipeline.drain();
        return entries;
      },
      forget: async (upTo) => void (await operator.manager.streams.purge('EVENTS', { seq: upTo + 1 })),
    };
  });
});
