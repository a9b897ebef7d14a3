import { UnavailableError, type LaneName, type LanePosition } from '@clientele/contracts';
import type { LaneWaiting } from '@clientele/messaging';
import { createMetrics } from '@clientele/service-kit';
import t from 'tap';
import { LaneWatch } from '../src/lanes/lane-watch.ts';

const NOW = Date.parse('2025-05-01T00:00:00.000Z');
const LANES: readonly LaneName[] = ['commands.0', 'commands.1'];

/** Two lanes, of which the first is decided up to sequence 7; what waits on them, database and broker are the test's to change. */
function setUp() {
  const world = {
    database: null as Error | null, broker: null as Error | null, fullness: 0.25, sequence: 7,
    waiting: new Map<LaneName, LaneWaiting>([['commands.0', { messages: 2, oldestAt: NOW - 3_000 }], ['commands.1', { messages: 0, oldestAt: null }]]),
  };
  const asked: ReadonlyMap<LaneName, LanePosition | null>[] = [];
  const watch = new LaneWatch({
    lanes: LANES,
    now: () => NOW,
    store: {
      laneCheckpoint: async (lane) => {
        if (world.database !== null) throw world.database;
        const position = { incarnation: 'one', sequence: world.sequence };
        return await Promise.resolve(lane === 'commands.0' ? { epoch: 1, position, publishers: new Map() } : null);
      },
    },
    look: {
      fullness: async () => await (world.broker === null ? Promise.resolve(world.fullness) : Promise.reject(world.broker)),
      waiting: async (places) => {
        asked.push(places);
        return await Promise.resolve(world.waiting);
      },
    },
  });
  const metrics = createMetrics('test');
  watch.measure(metrics);
  const shown = async (): Promise<string[]> => (await metrics.registry.metrics()).split('\n').filter((line) => /^clientele_(lane|commands)/.test(line)).map((line) => line.replaceAll(/clientele_|,?service="test"/g, '').replace('{}', ''));
  return { world, watch, asked, shown };
}

t.test('what waits on the lanes is told, whoever owns them', async (t) => {
  const { world, watch, asked, shown } = setUp();
  t.same(await shown(), [], 'nothing before the first look');
  await watch.run();
  t.same(await shown(), ['commands_fullness 0.25', 'lane_lag_seconds{lane="commands.0"} 3', 'lane_lag_seconds{lane="commands.1"} 0']);
  t.same(asked[0], new Map([['commands.0', { incarnation: 'one', sequence: 7 }], ['commands.1', null]]));
  t.same(watch.progress(), { lag: 2, position: 'commands.0 7,commands.1 0' });
  world.sequence = 8;
  await watch.run();
  t.same(watch.progress().position, 'commands.0 8,commands.1 0');
});

t.test('while the database is away it is told from the places that were known last, and nobody says that work moves', async (t) => {
  const { world, watch, shown } = setUp();
  await watch.run();
  world.database = new UnavailableError('the write database cannot be had: Connection terminated');
  world.fullness = 0.9;
  world.waiting.set('commands.0', { messages: 40, oldestAt: NOW - 60_000 });
  await watch.run();
  t.same(await shown(), ['commands_fullness 0.9', 'lane_lag_seconds{lane="commands.0"} 60', 'lane_lag_seconds{lane="commands.1"} 0']);
  t.throws(() => watch.progress(), { name: 'UnavailableError', message: 'the write database cannot be had: Connection terminated' });
});

t.test('a process that starts meanwhile tells how full the stream is, and no lag that it cannot know', async (t) => {
  const { world, watch, shown } = setUp();
  world.database = new UnavailableError('the write database cannot be had: Connection terminated');
  await watch.run();
  t.same(await shown(), ['commands_fullness 0.25']);
});

t.test('while the broker is away there is nothing to tell', async (t) => {
  const { world, watch, shown } = setUp();
  await watch.run();
  world.broker = new UnavailableError('the broker is away');
  await watch.run();
  t.same(await shown(), []);
  t.throws(() => watch.progress(), { message: 'the broker is away' });
});
