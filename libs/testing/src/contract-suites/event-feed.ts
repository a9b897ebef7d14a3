import { BehindRetentionError, type EventFeed, type FeedBatch, type FeedPosition, type LogEntry } from '@clientele/contracts';
import type { Test } from 'tap';
import { eventually } from '../probes/index.ts';

export interface EventFeedUnderTest {
  readonly feed: EventFeed;
  /** The incarnation of the log that is read. */
  readonly incarnation: string;
  /** Makes `count` further entries; their positions follow what is there, from 1. Resolves to them as the feed should give them. */
  append(count: number): Promise<readonly LogEntry[]>;
  /** Takes entries up to and with this position from the feed; absent where the feed never forgets. */
  readonly forget?: (upTo: number) => Promise<void> | void;
}

/** What every EventFeed keeps. `open` gives a fresh one over an empty log, and ends it with the test. */
export function eventFeedContract(t: Test, open: (t: Test) => Promise<EventFeedUnderTest>): void {
  t.test('every entry comes in order, once, as it is in the log', async (t) => {
    const { feed, incarnation, append } = await open(t);
    const expected = [...await append(120)];
    const reading = read(t, feed, { incarnation: null, position: 0 }, 50);
    await eventually('what is there', () => reading.entries.length, { until: (count) => count >= 120 });
    expected.push(...await append(5));
    await eventually('what came later', () => reading.entries.length, { until: (count) => count >= 125 });
    t.strictSame(reading.entries, expected);
    t.ok(reading.batches.every(({ entries }) => entries.length > 0 && entries.length <= 50));
    t.ok(reading.batches.every((batch) => batch.incarnation === incarnation && batch.head >= (batch.entries.at(-1)?.position ?? Infinity)));
    t.equal(reading.batches.at(-1)?.head, 125);
  });

  t.test('reading begins after the place that is asked for', async (t) => {
    const { feed, incarnation, append } = await open(t);
    const all = await append(20);
    for (const position of [1, 13, 19]) {
      const reading = read(t, feed, { incarnation, position });
      await eventually(`all after ${position}`, () => reading.entries.length, { until: (count) => count >= 20 - position });
      t.strictSame(reading.entries, all.slice(position));
    }
    const atEnd = read(t, feed, { incarnation, position: 20 });
    const [next] = await append(1);
    await eventually('the next one', () => atEnd.entries.length, { until: (count) => count > 0 });
    t.strictSame(atEnd.entries, [next]);
  });

  t.test('an empty log is waited for, and waiting ends when it is told to', async (t) => {
    const { feed, append } = await open(t);
    const reading = read(t, feed, { incarnation: null, position: 0 });
    const [first] = await append(1);
    await eventually('the first one', () => reading.entries.length, { until: (count) => count > 0 });
    t.strictSame(reading.entries, [first]);
    const ending = new AbortController();
    const waiting = consume(feed, { incarnation: null, position: 1 }, ending.signal);
    setImmediate(() => ending.abort());
    t.same(await waiting, []);
  });

  t.test('a place in another log is refused', async (t) => {
    const { feed, append } = await open(t);
    await append(3);
    await t.rejects(consume(feed, { incarnation: 'another', position: 2 }, signalOf(t)), BehindRetentionError);
  });

  t.test('what the feed has forgotten is told, never skipped', async (t) => {
    const { feed, incarnation, append, forget } = await open(t);
    if (forget === undefined) {
      t.pass('this feed never forgets');
      return;
    }
    const all = await append(10);
    await forget(6);
    await t.rejects(consume(feed, { incarnation, position: 3 }, signalOf(t)), BehindRetentionError);
    await t.rejects(consume(feed, { incarnation: null, position: 0 }, signalOf(t)), BehindRetentionError);
    const reading = read(t, feed, { incarnation, position: 6 });
    await eventually('what is left', () => reading.entries.length, { until: (count) => count >= 4 });
    t.strictSame(reading.entries, all.slice(6));
  });
}

interface Reading {
  readonly entries: readonly LogEntry[];
  readonly batches: readonly FeedBatch[];
}

function read(t: Test, feed: EventFeed, after: FeedPosition, maxEntries = 500): Reading {
  const entries: LogEntry[] = [];
  const batches: FeedBatch[] = [];
  const ending = new AbortController();
  const done = (async () => {
    for await (const batch of feed.read(after, { signal: ending.signal, maxEntries })) {
      batches.push(batch);
      entries.push(...batch.entries);
    }
  })();
  t.teardown(async () => {
    ending.abort();
    await done;
  });
  return { entries, batches };
}

async function consume(feed: EventFeed, after: FeedPosition, signal: AbortSignal): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of feed.read(after, { signal })) entries.push(...batch.entries);
  return entries;
}

function signalOf(t: Test): AbortSignal {
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  return ending.signal;
}
