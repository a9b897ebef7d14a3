import { BehindRetentionError, type FeedPosition, type LogEntry } from '@clientele/contracts';
import { eventually, sampleEntries, sampleEntry } from '@clientele/testing';
import t, { type Test } from 'tap';
import { EventPipeline, EventStream, JetStreamEventFeed, toEventMessage, type JetStreamEventFeedOptions } from '../src/index.ts';
import { broker, brittleLink, deleteStream, freshStream, linkTo } from './support.ts';

const nats = await broker(t);
const operator = await linkTo(t, nats.url, 'operator');
const stream = new EventStream(operator);
const DATAREF = 'http://localhost:7004/feed?from=';

/** Publishes entries behind what the stream holds, as a relay does. */
async function publish(entries: readonly LogEntry[], options: { incarnation?: string; maxPayload?: number; rebuildEpoch?: number } = {}): Promise<void> {
  const { incarnation = 'log-1', maxPayload = operator.maxPayload, rebuildEpoch = 0 } = options;
  const pipeline = new EventPipeline({ link: operator, lastSequence: (await stream.state())?.lastSequence ?? 0, rebuildEpoch });
  await pipeline.send(entries.map((entry) => toEventMessage(entry, { incarnation, maxPayload, dataref: (position) => `${DATAREF}${position}` })));
  await pipeline.drain();
  if (pipeline.failure !== null) throw new Error(pipeline.failure.reason);
}

async function scene(t: Test, options: Partial<JetStreamEventFeedOptions> = {}) {
  await freshStream(operator, 'events');
  const { link, proxy } = await brittleLink(t, nats, 'projector');
  const breaks: string[] = [];
  const feed = new JetStreamEventFeed({
    link,
    resolve: async (position) => await Promise.reject(new Error(`${position} was published whole`)),
    onBreak: (reason) => breaks.push(reason),
    ...options,
  });
  return { feed, proxy, breaks };
}

function follow(t: Test, feed: JetStreamEventFeed, after: FeedPosition = { incarnation: null, position: 0 }) {
  const positions: number[] = [];
  const entries: LogEntry[] = [];
  const ending = new AbortController();
  const done = (async () => {
    for await (const batch of feed.read(after, { signal: ending.signal, maxEntries: 50 })) {
      entries.push(...batch.entries);
      positions.push(...batch.entries.map(({ position }) => position));
    }
  })();
  done.catch(() => undefined);
  t.teardown(() => ending.abort());
  return { positions, entries, done };
}

const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const reached = async (positions: readonly number[], count: number): Promise<readonly number[]> =>
  await eventually(`${count} entries`, () => positions.length, { until: (length) => length >= count }).then(() => positions);

t.test('a reader whose socket is cut again and again gets every entry once, in order', async (t) => {
  const { feed, proxy, breaks } = await scene(t);
  await publish(sampleEntries(1, 500));
  const { positions } = follow(t, feed);
  for (let last = 600; last <= 900; last += 100) {
    proxy.cut();
    await publish(sampleEntries(last - 99, last));
    await reached(positions, last);
  }
  t.same(positions, from(1, 900));
  t.ok(breaks.length > 0);
});

t.test('an entry that was published without its data is had from the log', async (t) => {
  const large = sampleEntry(2, { padding: 5000 });
  const { feed } = await scene(t, { resolve: async (position) => await Promise.resolve({ ...large, position }) });
  await publish([sampleEntry(1), large, sampleEntry(3)], { maxPayload: 4000 });
  const [, reference] = await Promise.all([1, 2].map((seq) => operator.manager.streams.getMessage('EVENTS', { seq })));
  t.match(reference?.json(), { dataref: `${DATAREF}2`, logposition: '2', data: undefined });
  const { positions, entries } = follow(t, feed);
  t.same(await reached(positions, 3), [1, 2, 3]);
  t.strictSame(entries[1], large);
});

t.test('a deleted message, or one of another log, is a hole that the reader stops at', async (t) => {
  const { feed } = await scene(t);
  await publish(sampleEntries(1, 20));
  await operator.manager.streams.deleteMessage('EVENTS', 11);
  const { positions, done } = follow(t, feed);
  await t.rejects(done, BehindRetentionError);
  t.same(positions, from(1, 10));
  await t.rejects(follow(t, feed, { incarnation: 'log-1', position: 10 }).done, BehindRetentionError);
  const behind = follow(t, feed, { incarnation: 'log-1', position: 11 });
  t.same(await reached(behind.positions, 9), from(12, 20));
  await publish(sampleEntries(21, 22), { incarnation: 'log-2' });
  await t.rejects(behind.done, BehindRetentionError);
  t.same(behind.positions, from(12, 20));
});

t.test('a stream that is purged and filled again is read on, with nothing twice', async (t) => {
  const { feed } = await scene(t);
  await publish(sampleEntries(1, 30));
  const { positions } = follow(t, feed);
  await reached(positions, 30);
  await stream.purge();
  await publish(sampleEntries(1, 40), { rebuildEpoch: 1 });
  await reached(positions, 40);
  t.same(positions, from(1, 40));
});

t.test('a stream that is deleted, or lags far behind the place, is told at once; one that lags a little is waited for', async (t) => {
  const { feed } = await scene(t, { mostBehind: 10 });
  await publish(sampleEntries(1, 5));
  await t.rejects(follow(t, feed, { incarnation: 'log-1', position: 16 }).done, BehindRetentionError);
  const { positions, done } = follow(t, feed, { incarnation: 'log-1', position: 12 });
  await publish(sampleEntries(6, 14));
  t.same(await reached(positions, 2), [13, 14]);
  await deleteStream(operator, 'events');
  await t.rejects(done, BehindRetentionError);
  await t.rejects(follow(t, feed).done, BehindRetentionError);
});

t.test('an empty stream is waited on only by those who have read what the log holds', async (t) => {
  const { feed } = await scene(t, { head: async () => await Promise.resolve({ incarnation: 'log-1', position: 5 }) });
  await publish(sampleEntries(1, 5));
  await stream.purge();
  await t.rejects(follow(t, feed).done, BehindRetentionError, 'a fresh reader');
  await t.rejects(follow(t, feed, { incarnation: 'log-1', position: 4 }).done, BehindRetentionError, 'one that lags');
  await t.rejects(follow(t, feed, { incarnation: 'log-0', position: 5 }).done, BehindRetentionError, 'one of another log');
  const { positions } = follow(t, feed, { incarnation: 'log-1', position: 5 });
  await publish(sampleEntries(6, 7));
  t.same(await reached(positions, 2), [6, 7]);
});

t.test('messages that no relay wrote are not handed out', async (t) => {
  const { feed } = await scene(t);
  await publish(sampleEntries(1, 3));
  const { positions, done } = follow(t, feed);
  await reached(positions, 3);
  await operator.nats.jetstream().publish('crm.events.public.client.updated', '{}');
  await t.rejects(done, BehindRetentionError);
  t.same(positions, [1, 2, 3]);
});

t.test('the pipeline is fenced: after somebody wrote something else, nothing of it is stored', async (t) => {
  await scene(t);
  const pipeline = new EventPipeline({ link: operator, lastSequence: 0, rebuildEpoch: 0 });
  const message = (position: number) => toEventMessage(sampleEntry(position), { incarnation: 'log-1', maxPayload: 1_000_000, dataref: String });
  t.ok(await pipeline.send([message(1)]));
  await pipeline.drain();
  await operator.nats.jetstream().publish('crm.events.public.client.updated', '{}');
  await pipeline.send([2, 3, 4].map(message));
  await pipeline.drain();
  t.match(pipeline.failure, { position: 2, duplicate: false, reason: /wrong last sequence/ });
  t.notOk(await pipeline.send([message(5)]));
  t.match(await stream.state(), { messages: 2, last: null });
});

t.test('no more bytes are on the way than may be, and all arrive', async (t) => {
  await scene(t);
  const { link, proxy } = await brittleLink(t, nats, 'command');
  const messages = from(1, 9).map((position) => toEventMessage(sampleEntry(position, { padding: 4000 }), { incarnation: 'log-1', maxPayload: 1_000_000, dataref: String }));
  const pipeline = new EventPipeline({ link, lastSequence: 0, rebuildEpoch: 0, maxBytes: 2 * messages[0]!.data.length });
  proxy.pause();
  const sending = pipeline.send(messages);
  t.equal(pipeline.inFlight, 2);
  proxy.resume();
  t.ok(await sending);
  await pipeline.drain();
  t.match(await stream.state(), { messages: 9, last: { position: 9 } });
});

t.test('what another stream would take in place of EVENTS is stored nowhere', async (t) => {
  await deleteStream(operator, 'events');
  await operator.manager.streams.add({ name: 'OTHER', subjects: ['crm.events.>'] });
  t.teardown(async () => await operator.manager.streams.delete('OTHER'));
  await t.rejects(publish(sampleEntries(1, 1)), /expected stream does not match/);
  t.equal((await operator.manager.streams.info('OTHER')).state.messages, 0);
});

t.test('two pipelines that publish the same entries store each once', async (t) => {
  await scene(t);
  const pipelines = [0, 1].map(() => new EventPipeline({ link: operator, lastSequence: 0, rebuildEpoch: 0 }));
  for (const entry of sampleEntries(1, 50)) {
    for (const pipeline of pipelines) await pipeline.send([toEventMessage(entry, { incarnation: 'log-1', maxPayload: 1_000_000, dataref: String })]);
  }
  await Promise.all(pipelines.map((pipeline) => pipeline.drain()));
  // A server before 2.12 looks for the message id first, and tells the later of two that it has the message where it belongs; a newer
  // one looks at the sequence first, and refuses it.
  for (const { failure } of pipelines) t.match(failure?.reason ?? 'wrong last sequence', /wrong last/);
  const state = await stream.state();
  t.equal(state?.messages, state?.last?.position);
  t.match(state, { first: { position: 1 }, messages: 50 });
});

t.test('a purge does not make the broker forget: the same message ids are told as duplicates, those of a new filling are stored', async (t) => {
  await scene(t);
  await publish(sampleEntries(1, 5));
  await stream.purge();
  await t.rejects(publish(sampleEntries(1, 5)), /message id already/);
  t.match(await stream.state(), { messages: 0 });
  await publish(sampleEntries(1, 5), { rebuildEpoch: 1 });
  t.match(await stream.state(), { messages: 5, first: { position: 1 }, last: { position: 5 } });
});

t.test('the state of the stream is of one moment while it is written to', async (t) => {
  await scene(t);
  let done = false;
  const publishing = publish(sampleEntries(1, 1500)).then(() => (done = true));
  const skewed: unknown[] = [];
  while (!done) {
    const state = await stream.state();
    if (state?.last === null || state?.first === null || state === null) continue;
    if (state.last.position - state.first.position !== state.lastSequence - state.first.sequence) skewed.push(state);
  }
  await publishing;
  t.same(skewed, []);
});

t.test('the state of the stream is told also while its beginning leaves', async (t) => {
  await freshStream(operator, 'events', { eventsMaxBytes: 20_000 });
  let done = false;
  const publishing = publish(sampleEntries(1, 1500)).then(() => (done = true));
  const blind: unknown[] = [];
  while (!done) {
    const state = await stream.state();
    if (state !== null && state.messages > 0 && (state.first === null || state.last === null)) blind.push(state);
  }
  await publishing;
  t.same(blind, []);
});
