import type { LaneName } from '@clientele/contracts';
import { eventually, numberFaults, SAMPLE_LANE, sampleQuarantine, watchLane } from '@clientele/testing';
import t, { type Test } from 'tap';
import { JetStreamDispatcher, JetStreamLaneFeed, type JetStreamLaneFeedOptions } from '../src/index.ts';
import { broker, brittleLink, deleteStream, freshStream, linkTo } from './support.ts';

const LANE: LaneName = 'commands.0';
const nats = await broker(t);
const operator = await linkTo(t, nats.url, 'operator');

async function scene(t: Test, options: Partial<JetStreamLaneFeedOptions> = {}) {
  await freshStream(operator, 'commands');
  const { link, proxy } = await brittleLink(t, nats, 'command');
  const breaks: string[] = [];
  const feed = new JetStreamLaneFeed({ link, onBreak: (_lane, reason) => breaks.push(reason), ...options });
  return { link, proxy, feed, breaks };
}

async function publish(first: number, last: number, size = 10): Promise<void> {
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  // One behind the other on one connection: the broker keeps their order.
  await Promise.all(numbers.map((number) => operator.nats.jetstream().publish(`crm.${LANE}`, String(number).padEnd(size))));
}

/** Follows the lane, as slowly as `each` takes. */
function follow(t: Test, feed: JetStreamLaneFeed, each: () => Promise<void> | void = () => {}): number[] {
  const seen: number[] = [];
  const ending = new AbortController();
  const done = (async () => {
    for await (const { messages } of feed.read(LANE, null, { signal: ending.signal, maxMessages: 20 })) {
      seen.push(...messages.map(({ data }) => Number(Buffer.from(data).toString('utf8'))));
      await each();
    }
  })();
  t.teardown(async () => {
    ending.abort();
    await done;
  });
  return seen;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const whole = async (seen: readonly number[], last: number): Promise<readonly number[]> =>
  await eventually(`${last} messages`, () => seen.length, { until: (count) => count >= last, timeoutMs: 30_000 }).then(() => seen);

t.test('a socket that is cut in the middle of a batch, again and again, loses nothing and keeps the order', async (t) => {
  const { proxy, feed, breaks } = await scene(t);
  await publish(1, 1000, 2000);
  let batches = 0;
  const seen = follow(t, feed, async () => {
    if ((batches += 1) % 15 === 0) proxy.cut();
    await new Promise((resolve) => setImmediate(resolve));
  });
  await publish(1001, 3000, 2000);
  t.same(await whole(seen, 3000), upTo(3000));
  t.ok(breaks.length >= 3, `${breaks.length} breaks`);
  t.equal(feed.stats().breaks, breaks.length);
  t.ok(feed.stats().opened > breaks.length / 2);
});

t.test('a delivery that does not arrive is noticed by its number', async (t) => {
  const { link, feed, breaks } = await scene(t);
  await publish(1, 10);
  // The client hands on nothing of the fifth message, as if it had been lost on the way.
  const { subscribe } = link.nats;
  let dropped = 0;
  link.nats.subscribe = (subject, options) => subscribe.call(link.nats, subject, {
    ...options,
    callback: (error, message) => {
      if (message.subject === `crm.${LANE}` && message.string().trim() === '5' && (dropped += 1) === 1) return;
      options?.callback?.(error, message);
    },
  });
  const seen = follow(t, feed);
  t.same(await whole(seen, 10), upTo(10));
  t.match(breaks, [/delivery 5 is missing, 6 came/]);
});

t.test('a consumer that was deleted is made again', async (t) => {
  const { feed, breaks } = await scene(t);
  await publish(1, 5);
  const seen = follow(t, feed);
  await whole(seen, 5);
  for await (const consumer of operator.manager.consumers.list('COMMANDS')) await operator.manager.consumers.delete('COMMANDS', consumer.name);
  await eventually('the break is noticed', () => breaks.length > 0);
  await publish(6, 10);
  t.same(await whole(seen, 10), upTo(10));
  t.match(breaks[0], /consumer deleted/i);
});

t.test('a connection that hangs is noticed by the heartbeats that stay away', async (t) => {
  const { proxy, feed, breaks } = await scene(t);
  await publish(1, 5);
  const seen = follow(t, feed);
  await whole(seen, 5);
  proxy.pause();
  await publish(6, 10);
  await eventually('the break is noticed', () => breaks.includes('the broker is silent'));
  proxy.resume();
  t.same(await whole(seen, 10), upTo(10));
});

t.test('a broker that is killed and started again loses nothing', async (t) => {
  const { feed } = await scene(t);
  await publish(1, 500);
  const seen = follow(t, feed, async () => await new Promise((resolve) => setTimeout(resolve, 5)));
  await whole(seen, 100);
  await nats.kill();
  await nats.restart();
  await eventually('the broker takes messages', async () => {
    if (!operator.connected) return false;
    await publish(501, 600);
    return true;
  });
  t.same(await whole(seen, 600), upTo(600));
});

t.test('COMMANDS deleted under load: the reader follows into the new stream, in which nothing acknowledged is missing', async (t) => {
  const { feed, link } = await scene(t);
  const dispatcher = new JetStreamDispatcher({ link, idleMs: 60_000 });
  const watch = watchLane(feed, SAMPLE_LANE);
  t.teardown(async () => await watch.stop());
  const acknowledged = new Set<string>();
  let sent = 0;
  let deletedAt = Infinity;
  const load = Promise.all(Array.from({ length: 8 }, async () => {
    while (sent < deletedAt + 400) {
      const number = (sent += 1);
      const after = deletedAt !== Infinity;
      const ok = await dispatcher.dispatch([sampleQuarantine(number)]).then(() => true, () => false);
      if (ok && after) acknowledged.add(`19700101-${number}`);
    }
  }));
  await eventually('some load', () => sent > 200);
  await deleteStream(operator, 'commands');
  deletedAt = sent;
  await load;
  await eventually('everything acknowledged', () => [...acknowledged].filter((id) => !watch.commandIds().includes(id)), { until: (missing) => missing.length === 0 });
  t.equal(watch.incarnations.length, 2);
  // What the old stream held and nobody had read is gone: that shows as numbers left out, and as nothing else.
  t.ok(numberFaults(watch.envelopes).length <= 1);
});

for (const [what, bound] of Object.entries({ messages: { readAheadMessages: 50 }, bytes: { readAheadMessages: 1_000, readAheadBytes: 50_000 } })) {
  t.test(`a slow reader holds no more ${what} than it may`, async (t) => {
    const { feed } = await scene(t, bound);
    await publish(1, 400, 1000);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const seen = follow(t, feed, async () => await held);
    await whole(seen, 1);
    const consumers = await operator.manager.consumers.list('COMMANDS').next();
    t.ok((consumers[0]?.delivered.consumer_seq ?? Infinity) <= 50, 'the broker has delivered no more');
    release();
    t.same(await whole(seen, 400), upTo(400));
  });
}

t.test('a message larger than the bound comes all the same, and is not asked for again and again while others are held', async (t) => {
  const { feed, link } = await scene(t, { readAheadBytes: 10_000 });
  const { publish: send } = link.nats;
  let requests = 0;
  link.nats.publish = (subject, ...rest) => {
    if (subject.includes('.CONSUMER.MSG.NEXT.')) requests += 1;
    send.call(link.nats, subject, ...rest);
  };
  await publish(1, 30);
  await publish(31, 33, 3_000_000);
  await publish(34, 36);
  // Its first batch leaves some of the small ones held, with nothing to ask for as long as they are.
  const seen = follow(t, feed, async () => {
    for (let turn = 0; seen.length <= 20 && turn < 100; turn += 1) await operator.manager.streams.info('COMMANDS');
  });
  t.same(await whole(seen, 36), upTo(36));
  t.ok(requests > 0 && requests <= 12, `${requests} requests`);
});
