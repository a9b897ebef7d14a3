import { fileURLToPath } from 'node:url';
import { decodeCloudEvent, type LogEntry } from '@clientele/contracts';
import { connectNats, createMissingStream, EventStream, JetStreamEventFeed, type NatsLink } from '@clientele/messaging';
import { eventually, sampleEntry, spawnService, startNats, tcpProxy } from '@clientele/testing';
import t, { type Test } from 'tap';
import { Relay, type RelayOptions } from '../src/relay/relay.ts';
import { ListLog, ListState } from './support/relay-log.ts';

// What is tried here does not rest on the disk: the broker need not sync each message.
const nats = await startNats({ syncAlways: false });
t.teardown(async () => await nats.stop());
const operator = await linkTo(t, nats.url);
const projector = await linkTo(t, nats.urlFor('projector'));
const stream = new EventStream(operator);

async function linkTo(t: Test, url: string): Promise<NatsLink> {
  const link = await connectNats({ url, name: 'test' });
  t.teardown(async () => await link.close());
  return link;
}

async function deleteEvents(): Promise<void> {
  await operator.manager.streams.delete('EVENTS').catch((error: unknown) => {
    if (!String(error).includes('stream not found')) throw error;
  });
}

interface Leading {
  readonly relay: Relay;
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

function lead(t: Test, options: Omit<RelayOptions, 'stream' | 'dataref'> & { dataref?: RelayOptions['dataref'] }, epoch = 1): Leading {
  const relay = new Relay({ stream: new EventStream(options.link), dataref: (position) => `http://query/feed?from=${position}`, ...options });
  const ending = new AbortController();
  const ended = relay.lead({ epoch, signal: ending.signal });
  const stop = async (): Promise<void> => {
    ending.abort();
    await ended;
  };
  t.teardown(stop);
  return { relay, ended, stop };
}

/** An empty stream, a log, and a relay that leads. */
async function scene(t: Test, options: Partial<RelayOptions> = {}, entries = 0) {
  await deleteEvents();
  const log = new ListLog();
  log.append(entries);
  const state = new ListState();
  const link = await linkTo(t, nats.urlFor('command'));
  const notices: string[] = [];
  const leading = lead(t, { link, log, state, compareEveryMs: 100, onNotice: (_level, message) => notices.push(message), ...options });
  return { log, state, link, notices, ...leading };
}

/** Waits until the stream is a copy of the log, and says what it holds. */
async function copied(log: ListLog): Promise<void> {
  await eventually('the stream is a copy of the log', async () => {
    const state = await stream.state();
    return { messages: state?.messages, last: state?.last, holes: state?.holes };
  }, { until: ({ messages, last, holes }) => messages === log.entries.length && last?.position === log.entries.length && last.incarnation === log.incarnation && holes === 0 });
}

async function readBack(t: Test, log: ListLog): Promise<LogEntry[]> {
  const feed = new JetStreamEventFeed({ link: projector, resolve: async (position) => await Promise.resolve(log.entries[position - 1] ?? sampleEntry(position)) });
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  const entries: LogEntry[] = [];
  for await (const batch of feed.read({ incarnation: null, position: 0 }, { signal: ending.signal })) {
    entries.push(...batch.entries);
    if (entries.length >= log.entries.length) break;
  }
  return entries;
}

t.test('the log is published whole, in order, and followed', async (t) => {
  const { log, relay, state } = await scene(t, {}, 700);
  await copied(log);
  log.append(5);
  relay.wake();
  await copied(log);
  t.strictSame(await readBack(t, log), log.entries);
  t.match(relay.status(), { phase: 'publishing', published: 705, head: 705, lagEvents: 0, lagSeconds: 0, publishedCount: 705, breaks: 0, rebuilds: 1 });
  await eventually('how far it is is written down', () => state.published === 705);
  const subjects = (await operator.manager.streams.info('EVENTS', { subjects_filter: '>' })).state.subjects ?? {};
  t.same(Object.keys(subjects).sort(), ['crm.events.internal.client.updated', 'crm.events.internal.ledger.superseded', 'crm.events.public.client.updated']);
});

t.test('a commit that nobody told of is found by looking', async (t) => {
  const { log } = await scene(t, {}, 3);
  await copied(log);
  log.append(2);
  await copied(log);
  t.strictSame(await readBack(t, log), log.entries);
});

t.test('EVENTS comes back whole', async (t) => {
  const { log, relay, state, notices } = await scene(t, {}, 100);
  const damages: Readonly<Record<string, () => Promise<unknown>>> = {
    'after a purge': () => operator.manager.streams.purge('EVENTS'),
    'after a purge of its beginning': () => operator.manager.streams.purge('EVENTS', { keep: 7 }),
    'after it was deleted': deleteEvents,
    'after its last message was deleted': async () => await operator.manager.streams.deleteMessage('EVENTS', (await stream.state())?.lastSequence ?? 0),
    'after a message in its middle was deleted': async () => await operator.manager.streams.deleteMessage('EVENTS', ((await stream.state())?.firstSequence ?? 0) + 50),
    'after its first message was deleted': async () => await operator.manager.streams.deleteMessage('EVENTS', (await stream.state())?.firstSequence ?? 0),
    'after somebody else wrote to it': () => operator.nats.jetstream().publish('crm.events.public.client.updated', '{}'),
    'after somebody made it anew, and empty': async () => {
      await deleteEvents();
      await createMissingStream(operator, 'events');
    },
  };
  for (const [when, damage] of Object.entries(damages)) {
    await copied(log);
    const before = state.rebuilds;
    await damage();
    log.append(3);
    await copied(log);
    t.ok(state.rebuilds > before, when);
    t.strictSame(await readBack(t, log), log.entries, when);
  }
  t.equal(relay.status().rebuilds, state.rebuilds);
  t.match(notices.join('\n'), /filled again from position 1/);
});

t.test('a socket that is cut again and again in the middle of the pipeline: nothing left out, nothing twice', async (t) => {
  const proxy = await tcpProxy(nats.port);
  t.teardown(async () => await proxy.close());
  const link = await linkTo(t, nats.urlFor('command').replace(`:${nats.port}`, `:${proxy.port}`));
  const { log, relay } = await scene(t, { link }, 200);
  // Until a cut came while something was on its way.
  for (let cuts = 0; cuts < 5 || relay.status().breaks === 0; cuts += 1) {
    const before = relay.status().published ?? 0;
    log.append(400);
    await eventually(`a position behind ${before}`, () => (relay.status().published ?? 0) > before);
    proxy.cut();
  }
  await copied(log);
  t.strictSame(await readBack(t, log), log.entries);
  t.equal(relay.status().rebuilds, 1, 'the stream was continued, not filled again');
});

t.test('a relay that is killed in the middle of the pipeline is continued by another', async (t) => {
  await deleteEvents();
  const recordedAt = new Date().toISOString();
  for (const [fault, entries] of [['relay.before-publish#150', 400], ['relay.after-publish#150', 800], ['relay.after-purge', 800]] as const) {
    if (fault === 'relay.after-purge') await deleteEvents();
    const child = await spawnService(fileURLToPath(new URL('./support/relay-process.js', import.meta.url)), {
      NODE_ENV: 'test', NATS_URL: nats.urlFor('command'), ENTRIES: String(entries), RECORDED_AT: recordedAt, CLIENTELE_FAULT: fault,
    });
    t.equal(await child.exited, null, `killed at ${fault}: ${child.output()}`);
    const log = new ListLog();
    log.append(entries, { recordedAt });
    const { stop } = lead(t, { link: operator, log, state: new ListState() });
    await copied(log);
    t.strictSame(await readBack(t, log), log.entries);
    await stop();
  }
});

t.test('a leader that was away too long publishes nothing more, and gives up', async (t) => {
  const proxy = await tcpProxy(nats.port);
  t.teardown(async () => await proxy.close());
  const link = await linkTo(t, nats.urlFor('command').replace(`:${nats.port}`, `:${proxy.port}`));
  const { log, state, relay: stale, ended, notices } = await scene(t, { link, compareEveryMs: 3_600_000 }, 300);
  await copied(log);
  // What the old leader sends hangs on the way while a new one takes over, and has the stream filled anew.
  proxy.pause();
  log.append(50);
  stale.wake();
  await eventually('the old leader sends', () => stale.status().lagEvents > 0);
  const fresh = lead(t, { link: operator, log, state, compareEveryMs: 100 }, 2);
  await copied(log);
  await operator.manager.streams.purge('EVENTS');
  await eventually('the stream is filled anew', () => fresh.relay.status().rebuilds > 0);
  await copied(log);
  const { rebuilds } = fresh.relay.status();
  proxy.resume();
  log.append(50);
  stale.wake();
  await ended;
  t.match(notices.at(-1), /gives up leading/);
  t.equal(stale.status().phase, 'standby');
  await copied(log);
  t.strictSame(await readBack(t, log), log.entries);
  t.equal(fresh.relay.status().rebuilds, rebuilds, 'nothing of the old leader got in that had to be mended');
});

t.test('an entry larger than the broker takes goes without its data, and says where it is had', async (t) => {
  const { log, link } = await scene(t, {}, 2);
  log.append(1, { padding: link.maxPayload });
  log.append(2);
  await copied(log);
  const message = await operator.manager.streams.getMessage('EVENTS', { seq: 3 });
  t.same(decodeCloudEvent(message.string()), { incarnation: 'log-1', position: 3, entry: null });
  t.match(message.json(), { dataref: 'http://query/feed?from=3' });
  t.strictSame(await readBack(t, log), log.entries);
});

t.test('a stream that is ahead of the log stops the relay, which says so, until the log has a new incarnation', async (t) => {
  const { log, relay, notices } = await scene(t, {}, 20);
  await copied(log);
  log.entries = log.entries.slice(0, 15);
  await eventually('the relay stops', () => relay.status(), { until: ({ phase, reason }) => phase === 'ahead' && (reason ?? '').includes('position 20') });
  t.equal((await stream.state())?.messages, 20, 'nothing was taken out');
  log.append(2);
  t.equal(relay.status().phase, 'ahead');
  t.equal(notices.filter((notice) => notice.includes('the relay stops')).length, 1, 'said once');
  log.incarnation = 'log-2';
  await copied(log);
  t.strictSame(await readBack(t, log), log.entries);
  t.equal(relay.status().phase, 'publishing');
});

t.test('only what is inside the retention of the stream is filled in', async (t) => {
  await deleteEvents();
  await createMissingStream(operator, 'events', { eventsMaxAgeMs: 3_600_000 });
  const log = new ListLog();
  log.append(30, { recordedAt: new Date(Date.now() - 7_200_000).toISOString() });
  const { relay } = lead(t, { link: operator, log, state: new ListState(), compareEveryMs: 100 });
  await eventually('the relay is ready', () => relay.status().published === 30);
  t.equal((await stream.state())?.messages, 0);
  log.append(10);
  await eventually('the young ones', async () => (await stream.state())?.messages === 10);
  t.match(await stream.state(), { first: { position: 31 }, last: { position: 40 } });
  await operator.manager.streams.purge('EVENTS');
  await eventually('the young ones again', async () => (await stream.state())?.messages === 10 && relay.status().rebuilds === 1);
  t.match(await stream.state(), { first: { position: 31 }, last: { position: 40 } });
});

t.test('a log that is away is waited for', async (t) => {
  const { log, relay } = await scene(t, {}, 10);
  await copied(log);
  log.available = false;
  await eventually('the relay waits', () => relay.status().phase === 'waiting');
  log.append(5);
  log.available = true;
  await copied(log);
  t.equal(relay.status().reason, null);
});

t.test('leading ends when it is told to, with nothing on the way', async (t) => {
  const { log, relay, stop } = await scene(t, { readEntries: 20, windowMessages: 20 }, 3000);
  await eventually('it publishes', () => (relay.status().published ?? 0) > 100);
  await stop();
  const state = await stream.state();
  t.ok((state?.messages ?? 0) > 100 && (state?.messages ?? 0) < 3000, `${state?.messages} published`);
  t.equal(state?.last?.position, state?.messages);
  t.equal(relay.status().phase, 'standby');
  lead(t, { link: operator, log, state: new ListState() });
  await copied(log);
});
