import { UnavailableError, ValidationError } from '@clientele/contracts';
import { eventually, numberFaults, SAMPLE_LANE, sampleQuarantine, watchLane, type LaneWatch } from '@clientele/testing';
import t, { type Test } from 'tap';
import { JetStreamDispatcher, JetStreamLaneFeed, streamStatus, type JetStreamDispatcherOptions, type NatsLink } from '../src/index.ts';
import { broker, brittleLink, deleteStream, freshStream, linkTo } from './support.ts';

const nats = await broker(t);
const operator = await linkTo(t, nats.url, 'operator');

/** A dispatcher behind a proxy, and what it stores, read past it. */
async function scene(t: Test, options: Partial<JetStreamDispatcherOptions> = {}, topology = {}) {
  await freshStream(operator, 'commands', topology);
  const { link, proxy } = await brittleLink(t, nats, 'ingest');
  const dispatcher = new JetStreamDispatcher({ link, topology, ...options });
  const watch = watchLane(new JetStreamLaneFeed({ link: operator }), SAMPLE_LANE);
  t.teardown(async () => await watch.stop());
  return { link, proxy, dispatcher, watch };
}

const stored = async (watch: LaneWatch, count: number): Promise<string[]> =>
  await eventually(`${count} commands on the lane`, () => watch.commandIds(), { until: (ids) => ids.length >= count });

const shape = (watch: LaneWatch): [number, number][] => watch.envelopes.map(({ first, count }) => [first, count]);

t.test('what arrives while a publish is in flight is the next envelope', async (t) => {
  const { dispatcher, watch } = await scene(t);
  await Promise.all(Array.from({ length: 300 }, (_, index) => dispatcher.dispatch([sampleQuarantine(index)])));
  await stored(watch, 300);
  t.ok(watch.envelopes.length < 30, `300 commands went in ${watch.envelopes.length} envelopes`);
  t.same(watch.commandIds(), Array.from({ length: 300 }, (_, index) => `19700101-${index}`));
  t.same(numberFaults(watch.envelopes), []);
  t.match(dispatcher.status(), { connected: true, queuedBytes: 0, inFlight: 0, oldestWaitMs: 0 });
});

t.test('an envelope is bounded in bytes and commands; a larger command goes alone', async (t) => {
  const { dispatcher, watch } = await scene(t, { maxEnvelopeBytes: 10_000, maxEnvelopeCommands: 5 });
  await dispatcher.dispatch([
    ...Array.from({ length: 12 }, (_, index) => sampleQuarantine(index)),
    sampleQuarantine(12, 4000), sampleQuarantine(13, 4000), sampleQuarantine(14, 4000), sampleQuarantine(15, 50_000), sampleQuarantine(16),
  ]);
  await stored(watch, 17);
  t.same(watch.envelopes.map(({ count }) => count), [5, 5, 4, 1, 1, 1]);
  t.same(numberFaults(watch.envelopes), []);
});

t.test('a command that no broker message can hold is invalid, and holds nothing up', async (t) => {
  const { dispatcher, watch, link } = await scene(t);
  await t.rejects(dispatcher.dispatch([sampleQuarantine(1, link.maxPayload)]), ValidationError);
  await dispatcher.dispatch([sampleQuarantine(2, link.maxPayload - 4096)]);
  t.same(await stored(watch, 1), ['19700101-2']);
});

t.test('a publish of unknown result is repeated unchanged, before the next, until the broker answers', async (t) => {
  let publishes = 0;
  const { dispatcher, watch, proxy } = await scene(t, { fault: (name) => void (name === 'dispatch.before-publish' && (publishes += 1)) });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  // The envelope reaches the broker, its acknowledgement is lost with the connection.
  proxy.pauseAnswers();
  const first = dispatcher.dispatch([sampleQuarantine(1)]);
  await eventually('the envelope at the broker', async () => (await streamStatus(operator, 'commands'))?.messages, { until: (count) => count === 2 });
  const second = dispatcher.dispatch([sampleQuarantine(2)]);
  proxy.cut();
  proxy.resume();
  await Promise.all([first, second]);
  await stored(watch, 3);
  t.same(watch.commandIds(), ['19700101-0', '19700101-1', '19700101-2'], 'stored once each, in order');
  t.same(shape(watch), [[1, 1], [2, 1], [3, 1]]);
  t.equal(publishes, 4, 'one was repeated');
});

t.test('a repetition that the broker no longer knows is stored again under the same number', async (t) => {
  const { dispatcher, watch, proxy } = await scene(t);
  await dispatcher.dispatch([sampleQuarantine(0)]);
  proxy.pauseAnswers();
  const unknown = dispatcher.dispatch([sampleQuarantine(1)]);
  await stored(watch, 2);
  // Nothing of it is left at the broker: neither the message nor the memory of its id.
  await freshStream(operator, 'commands');
  const after = dispatcher.dispatch([sampleQuarantine(2)]);
  proxy.cut();
  proxy.resume();
  await Promise.all([unknown, after]);
  await stored(watch, 4);
  t.same(shape(watch), [[1, 1], [2, 1], [2, 1], [3, 1]]);
  t.same(watch.commandIds(), ['19700101-0', '19700101-1', '19700101-1', '19700101-2']);
});

t.test('a refusal after an unknown result frees no number', async (t) => {
  const { dispatcher, watch, proxy } = await scene(t, { deadlineMs: 500 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  proxy.pauseAnswers();
  const unknown = dispatcher.dispatch([sampleQuarantine(1)]);
  await stored(watch, 2);
  // The repetition meets a stream that is full and does not know the first attempt.
  await freshStream(operator, 'commands', { commandsMaxBytes: 100 });
  proxy.cut();
  proxy.resume();
  await t.rejects(unknown, UnavailableError);
  t.equal(dispatcher.status().inFlight, 1, 'it is repeated all the same');
  await operator.manager.streams.update('COMMANDS', { max_bytes: 1_000_000 });
  await eventually('the lane moves', () => dispatcher.status().inFlight === 0);
  await dispatcher.dispatch([sampleQuarantine(2)]);
  await stored(watch, 4);
  t.same(shape(watch), [[1, 1], [2, 1], [2, 1], [3, 1]]);
});

t.test('a waiter gives up at its deadline; what was sent goes on, what was not is dropped', async (t) => {
  const { dispatcher, watch, proxy } = await scene(t, { deadlineMs: 300, publishTimeoutMs: 200 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  proxy.pause();
  const sent = dispatcher.dispatch([sampleQuarantine(1)]);
  await eventually('the publish is in flight', () => dispatcher.status().inFlight === 1);
  const queued = dispatcher.dispatch([sampleQuarantine(2, 1000)]);
  t.ok(dispatcher.status().queuedBytes > 1000);
  await t.rejects(sent, UnavailableError);
  await t.rejects(queued, UnavailableError);
  await eventually('the abandoned command leaves the queue', () => dispatcher.status().queuedBytes < 1000);
  t.ok(dispatcher.status().oldestWaitMs >= 300);
  proxy.resume();
  await eventually('the lane moves', () => dispatcher.status().inFlight === 0);
  await dispatcher.dispatch([sampleQuarantine(3)]);
  await stored(watch, 3);
  t.same(watch.commandIds(), ['19700101-0', '19700101-1', '19700101-3']);
  t.same(numberFaults(watch.envelopes), []);
});

t.test('too much that waits is refused at once', async (t) => {
  const { dispatcher, proxy } = await scene(t, { maxQueuedBytes: 10_000, deadlineMs: 60_000 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  proxy.pause();
  const waiting = dispatcher.dispatch([sampleQuarantine(1, 6000)]);
  await t.rejects(dispatcher.dispatch([sampleQuarantine(2, 6000)]), UnavailableError);
  proxy.resume();
  await waiting;
  await dispatcher.dispatch([sampleQuarantine(3, 6000)]);
});

t.test('a full stream refuses, its numbers are free again, and what was refused is not taken for a repeat', async (t) => {
  const { dispatcher, watch } = await scene(t, { idleMs: 50 }, { commandsMaxBytes: 100_000 });
  let kept = 0;
  const refused: number[] = [];
  for (let index = 0; index < 40; index += 1) {
    await dispatcher.dispatch([sampleQuarantine(index, 5000)]).then(() => (kept += 1), (error: unknown) => {
      t.ok(error instanceof UnavailableError);
      refused.push(index);
    });
  }
  t.ok(refused.length > 10 && kept > 10, `${kept} kept, ${refused.length} refused`);
  await stored(watch, kept);
  await operator.manager.streams.purge('COMMANDS');
  // The very command that was refused last: same publisher, number, count and message id.
  const again = refused.at(-1) ?? 0;
  await eventually('there is room again', async () => {
    await dispatcher.dispatch([sampleQuarantine(again, 5000)]);
    return true;
  });
  await stored(watch, kept + 1);
  t.equal(watch.commandIds().at(-1), `19700101-${again}`);
  t.same(numberFaults(watch.envelopes), []);
});

t.test('after silence, and once, the next number is declared; at the close too', async (t) => {
  const { dispatcher, watch } = await scene(t, { idleMs: 100 });
  await dispatcher.dispatch([sampleQuarantine(0), sampleQuarantine(1)]);
  await eventually('an empty envelope', () => watch.envelopes.some(({ count }) => count === 0));
  await dispatcher.dispatch([sampleQuarantine(2)]);
  await dispatcher.close();
  await stored(watch, 3);
  await eventually('the last declaration', () => shape(watch).length, { until: (length) => length === 4 });
  t.same(shape(watch), [[1, 2], [3, 0], [3, 1], [4, 0]]);
  await t.rejects(dispatcher.dispatch([sampleQuarantine(3)]), UnavailableError);
});

t.test('silence is declared once, not again and again', async (t) => {
  const { dispatcher, watch } = await scene(t, { idleMs: 20 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  await eventually('an empty envelope', () => watch.envelopes.length === 2);
  const other = new JetStreamDispatcher({ link: operator, idleMs: 60_000 });
  // Ten idle periods by another clock: publishes of another publisher.
  for (let index = 0; index < 200; index += 1) await other.dispatch([sampleQuarantine(100 + index)]);
  await stored(watch, 201);
  const publisher = watch.envelopes[0]?.publisher;
  t.same(watch.envelopes.filter((envelope) => envelope.publisher === publisher).map(({ count }) => count), [1, 0]);
});

t.test('closing sends what waits', async (t) => {
  const { dispatcher, watch } = await scene(t);
  const waiting = Array.from({ length: 50 }, (_, index) => dispatcher.dispatch([sampleQuarantine(index)]));
  await dispatcher.close();
  await Promise.all(waiting);
  await stored(watch, 50);
  t.same(numberFaults(watch.envelopes), []);
});

t.test('closing ends in time while the broker is silent, and those who wait are told', async (t) => {
  const { dispatcher, proxy } = await scene(t, { deadlineMs: 60_000, maxEnvelopeCommands: 1 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  proxy.pause();
  const waiting = [dispatcher.dispatch([sampleQuarantine(1)]), dispatcher.dispatch([sampleQuarantine(2)])];
  const told = Promise.all(waiting.map(async (each) => await t.rejects(each, UnavailableError)));
  await eventually('in flight', () => dispatcher.status().inFlight > 0);
  await dispatcher.close(300);
  await told;
});

t.test('a stream that was deleted under load is made again, and no acknowledged command is missing from it', async (t) => {
  const { dispatcher } = await scene(t);
  const acknowledged = new Set<string>();
  let deletedAt = Infinity;
  let sent = 0;
  const load = Promise.all(Array.from({ length: 16 }, async () => {
    while (sent < deletedAt + 500) {
      const number = (sent += 1);
      const after = deletedAt !== Infinity;
      const ok = await dispatcher.dispatch([sampleQuarantine(number)]).then(() => true, () => false);
      if (ok && after) acknowledged.add(`19700101-${number}`);
    }
  }));
  await eventually('some load', () => sent > 100);
  await deleteStream(operator, 'commands');
  deletedAt = sent;
  await load;
  t.ok(acknowledged.size > 400, `${acknowledged.size} acknowledged after the deletion`);
  const watch = watchLane(new JetStreamLaneFeed({ link: operator }), SAMPLE_LANE);
  t.teardown(async () => await watch.stop());
  const found = new Set(await stored(watch, acknowledged.size));
  t.same([...acknowledged].filter((id) => !found.has(id)), []);
});

t.test('a broker that restarts costs nothing but time', async (t) => {
  const { dispatcher, watch } = await scene(t, { deadlineMs: 30_000 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  const restarting = nats.restart();
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => dispatcher.dispatch([sampleQuarantine(index + 1)])));
  await restarting;
  t.same(results.filter(({ status }) => status === 'rejected'), []);
  t.same((await stored(watch, 21)).length, 21);
  t.same(numberFaults(watch.envelopes), []);
});

t.test('a link that is closed for good ends the dispatcher, which then only refuses', async (t) => {
  const { dispatcher, link } = await scene(t, { deadlineMs: 200 });
  await dispatcher.dispatch([sampleQuarantine(0)]);
  await closeAbruptly(link);
  await t.rejects(dispatcher.dispatch([sampleQuarantine(1)]), UnavailableError);
  await dispatcher.close();
});

async function closeAbruptly(link: NatsLink): Promise<void> {
  await link.nats.close();
  await link.closed();
}
