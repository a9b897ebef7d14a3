import type { LaneBatch, LaneFeed, LaneName, LanePosition } from '@clientele/contracts';
import type { Test } from 'tap';
import { eventually } from '../probes/index.ts';

export interface LaneFeedUnderTest {
  readonly feed: LaneFeed;
  /** Stores a message on a lane. */
  publish(lane: LaneName, data: Uint8Array): Promise<void> | void;
  /** Deletes what holds the lanes and makes it anew, empty. */
  recreate(): Promise<void> | void;
}

const LANE: LaneName = 'commands.0';
const OTHER_LANE: LaneName = 'commands.1';

/** What every LaneFeed keeps. `open` gives a fresh one, and ends it with the test. */
export function laneFeedContract(t: Test, open: (t: Test) => Promise<LaneFeedUnderTest>): void {
  t.test('a lane is read from its first message, in order, each once, and then followed', async (t) => {
    const subject = await open(t);
    await publishTexts(subject, LANE, 1, 150);
    await publishTexts(subject, OTHER_LANE, 1001, 5);
    const reading = read(t, subject.feed, LANE, null, 40);
    await eventually('what is there', () => reading.texts, { until: (texts) => texts.length >= 150 });
    await publishTexts(subject, LANE, 151, 10);
    await eventually('what came later', () => reading.texts, { until: (texts) => texts.length >= 160 });
    t.same(reading.texts, numbers(1, 160), 'nothing of the other lane, nothing twice, nothing left out');
    t.ok(reading.batches.every(({ messages }) => messages.length > 0 && messages.length <= 40));
    t.ok(rising(reading.batches.flatMap(({ messages }) => messages.map(({ sequence }) => sequence))));
    t.equal(reading.batches.at(-1)?.pending, 0);
  });

  t.test('a reader goes on after its place', async (t) => {
    const subject = await open(t);
    await publishTexts(subject, LANE, 1, 30);
    const first = read(t, subject.feed, LANE, null, 7);
    await eventually('all', () => first.texts, { until: (texts) => texts.length >= 30 });
    const messages = first.batches.flatMap((batch) => batch.messages);
    const incarnation = first.batches[0]?.incarnation ?? '';
    for (const taken of [1, 14, 29]) {
      const place = { incarnation, sequence: messages[taken - 1]?.sequence ?? 0 };
      const second = read(t, subject.feed, LANE, place);
      await eventually(`the rest after ${taken}`, () => second.texts, { until: (texts) => texts.length >= 30 - taken });
      t.same(second.texts, numbers(taken + 1, 30));
    }
  });

  t.test('a place of another incarnation, or beyond the end, is read from the first message', async (t) => {
    const subject = await open(t);
    await publishTexts(subject, LANE, 1, 3);
    const first = read(t, subject.feed, LANE, null);
    await eventually('all', () => first.texts, { until: (texts) => texts.length >= 3 });
    const incarnation = first.batches[0]?.incarnation ?? '';
    for (const place of [{ incarnation: 'another', sequence: 2 }, { incarnation, sequence: 1000 }]) {
      const again = read(t, subject.feed, LANE, place);
      await eventually(`all again, from ${JSON.stringify(place)}`, () => again.texts, { until: (texts) => texts.length >= 3 });
      t.same(again.texts, numbers(1, 3));
    }
  });

  t.test('a reader follows into what was made anew, from its first message', async (t) => {
    const subject = await open(t);
    await publishTexts(subject, LANE, 1, 20);
    const reading = read(t, subject.feed, LANE, null);
    await eventually('the first ones', () => reading.texts, { until: (texts) => texts.length >= 20 });
    await subject.recreate();
    await publishTexts(subject, LANE, 101, 3);
    await eventually('the new ones', () => reading.texts, { until: (texts) => texts.length >= 23 });
    t.same(reading.texts, [...numbers(1, 20), ...numbers(101, 103)]);
    t.equal(new Set(reading.batches.map(({ incarnation }) => incarnation)).size, 2);
  });

  t.test('a slow reader misses nothing', async (t) => {
    const subject = await open(t);
    const seen: string[] = [];
    const ending = new AbortController();
    t.teardown(() => ending.abort());
    const publishing = publishTexts(subject, LANE, 1, 600);
    for await (const batch of subject.feed.read(LANE, null, { signal: ending.signal, maxMessages: 10 })) {
      seen.push(...batch.messages.map(({ data }) => text(data)));
      await new Promise((resolve) => setImmediate(resolve));
      if (seen.length >= 600) break;
    }
    await publishing;
    t.same(seen, numbers(1, 600));
  });

  t.test('reading ends when it is told to, also while it waits', async (t) => {
    const { feed } = await open(t);
    const ending = new AbortController();
    const reading = (async () => {
      for await (const batch of feed.read(LANE, null, { signal: ending.signal })) t.fail(`nothing was sent, ${batch.messages.length} came`);
    })();
    setImmediate(() => ending.abort());
    await reading;
    t.ok(ending.signal.aborted);
  });
}

interface Reading {
  readonly texts: readonly string[];
  readonly batches: readonly LaneBatch[];
}

function read(t: Test, feed: LaneFeed, lane: LaneName, after: LanePosition | null, maxMessages = 64): Reading {
  const texts: string[] = [];
  const batches: LaneBatch[] = [];
  const ending = new AbortController();
  const done = (async () => {
    for await (const batch of feed.read(lane, after, { signal: ending.signal, maxMessages })) {
      batches.push(batch);
      texts.push(...batch.messages.map(({ data }) => text(data)));
    }
  })();
  t.teardown(async () => {
    ending.abort();
    await done;
  });
  return { texts, batches };
}

async function publishTexts(subject: LaneFeedUnderTest, lane: LaneName, first: number, count: number): Promise<void> {
  for (const each of numbers(first, first + count - 1)) await subject.publish(lane, Buffer.from(each, 'utf8'));
}

function numbers(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
}

function text(data: Uint8Array): string {
  return Buffer.from(data).toString('utf8');
}

function rising(sequences: readonly number[]): boolean {
  return sequences.every((sequence, index) => index === 0 || sequence > (sequences[index - 1] ?? 0));
}
