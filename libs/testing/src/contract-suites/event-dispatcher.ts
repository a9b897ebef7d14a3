import { commandLanes, UnavailableError, type EventDispatcher, type LaneFeed } from '@clientele/contracts';
import type { Test } from 'tap';
import { eventually } from '../probes/index.ts';
import { numberFaults, watchLane, type LaneWatch } from './read-lane.ts';
import { sampleCommand } from './sample-commands.ts';

export interface DispatcherUnderTest {
  readonly dispatcher: EventDispatcher;
  /** Reads what the dispatcher sent. */
  readonly feed: LaneFeed;
  readonly lanes: number;
  /** Makes the broker refuse, or take, commands. */
  setAvailable(available: boolean): Promise<void> | void;
}

/** What every EventDispatcher keeps. `open` gives a fresh one, and ends it with the test. */
export function eventDispatcherContract(t: Test, open: (t: Test) => Promise<DispatcherUnderTest>): void {
  t.test('commands of a record arrive in order, each once, in numbered envelopes', async (t) => {
    const { dispatcher, feed, lanes } = await open(t);
    const watches = watchAll(t, feed, lanes);
    const records = Array.from({ length: 20 }, (_, index) => `record${index}`);
    await Promise.all(records.map(async (record) => {
      for (let number = 1; number <= 10; number += 1) await dispatcher.dispatch([sampleCommand(record, number)]);
    }));
    await eventually('all commands on the lanes', () => allIds(watches), { until: (ids) => ids.length >= 200 });
    for (const record of records) {
      const holding = watches.filter((watch) => watch.commandIds().some((id) => id.includes(`${record}_`)));
      t.equal(holding.length, 1, `${record} stays in one lane`);
      t.same(idsOf(holding[0], record), Array.from({ length: 10 }, (_, index) => `20260101-${record}_${index + 1}`));
    }
    t.same(watches.flatMap((watch) => numberFaults(watch.envelopes)), []);
    t.ok(watches.every((watch) => watch.envelopes.every(({ commands, count }) => commands.length === count)));
  });

  t.test('one call may hold commands of many lanes, and none at all', async (t) => {
    const { dispatcher, feed, lanes } = await open(t);
    const watches = watchAll(t, feed, lanes);
    await dispatcher.dispatch([]);
    const commands = Array.from({ length: 50 }, (_, index) => sampleCommand(`record${index}`, 1));
    await dispatcher.dispatch(commands);
    const ids = await eventually('all commands on the lanes', () => allIds(watches), { until: (found) => found.length >= 50 });
    t.same(ids.sort(), commands.map(({ commandId }) => commandId).sort());
    t.ok(watches.filter((watch) => watch.envelopes.length > 0).length > 1, 'several lanes were used');
  });

  t.test('a broker that takes nothing is told as unavailable, and leaves no hole in the numbers', async (t) => {
    const { dispatcher, feed, lanes, setAvailable } = await open(t);
    const watches = watchAll(t, feed, lanes);
    await dispatcher.dispatch([sampleCommand('record', 1)]);
    await setAvailable(false);
    await t.rejects(dispatcher.dispatch([sampleCommand('record', 2)]), UnavailableError);
    await t.rejects(dispatcher.dispatch([sampleCommand('record', 3), sampleCommand('record', 4)]), UnavailableError);
    await setAvailable(true);
    await eventually('commands are taken again', async () => {
      await dispatcher.dispatch([sampleCommand('record', 5)]);
      return true;
    });
    const ids = await eventually('the last command on its lane', () => allIds(watches), { until: (found) => found.includes('20260101-record_5') });
    t.ok(ids.includes('20260101-record_1'));
    t.same(watches.flatMap((watch) => numberFaults(watch.envelopes)), []);
  });
}

function watchAll(t: Test, feed: LaneFeed, lanes: number): LaneWatch[] {
  const watches = commandLanes(lanes).map((lane) => watchLane(feed, lane));
  t.teardown(async () => await Promise.all(watches.map((watch) => watch.stop())));
  return watches;
}

function allIds(watches: readonly LaneWatch[]): string[] {
  return watches.flatMap((watch) => watch.commandIds());
}

function idsOf(watch: LaneWatch | undefined, record: string): string[] {
  return watch?.commandIds().filter((id) => id.startsWith(`20260101-${record}_`)) ?? [];
}
