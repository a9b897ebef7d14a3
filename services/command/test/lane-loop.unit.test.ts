import t from 'tap';
import { noFault, UnavailableError, type LaneName } from '@clientele/contracts';
import { ClientDomainService } from '@clientele/domain';
import { InMemoryEventStore, type CommitResult, type CommitUnit } from '@clientele/event-store';
import { InMemoryLanes } from '@clientele/messaging';
import { eventually } from '@clientele/testing';
import { ErrorHandler } from '../src/errors/error-handler.ts';
import { LaneBoard } from '../src/lanes/lane-board.ts';
import { LaneLoop } from '../src/lanes/lane-loop.ts';
import { change, TestPublisher } from './support/commands.ts';
import { testPipeline, type TestPipelineOptions } from './support/pipeline.ts';

const LANE: LaneName = 'commands.0';

class DisturbedStore extends InMemoryEventStore {
  /** Looks at a unit before it is committed; throws in its place. */
  before: (unit: CommitUnit) => void = () => {};
  /** The same after it was committed: the caller does not learn that it was. */
  after: (unit: CommitUnit) => void = () => {};

  override async commit(units: readonly CommitUnit[]): Promise<readonly CommitResult[]> {
    for (const unit of units) this.before(unit);
    const results = await super.commit(units);
    for (const unit of units) this.after(unit);
    return results;
  }
}

function setUp(options: TestPipelineOptions = {}) {
  const store = new DisturbedStore();
  store.fenceLane(LANE, 1);
  const lanes = new InMemoryLanes();
  const board = new LaneBoard([LANE]);
  const reasons = new Set<string>();
  const hold = board.hold.bind(board);
  board.hold = (lane, reason) => {
    reasons.add(reason);
    return hold(lane, reason);
  };
  const stop = new AbortController();
  const { pipeline } = testPipeline(store, options);
  let bugs = 0;
  const loop = new LaneLoop({
    feed: lanes, store, pipeline, board, errors: new ErrorHandler(), faultPoint: noFault, now: () => new Date(), cacheBytes: 1_000_000,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    onCommit: () => {},
    onBug: () => { bugs += 1; },
    random: () => 0,
  });
  const publisher = new TestPublisher('publisher', LANE);
  return {
    store, lanes, board, stop, loop, reasons,
    bugs: () => bugs,
    put: (...commands: unknown[]) => { lanes.put(LANE, publisher.envelope(commands)); },
    run: () => loop.run(LANE, { epoch: 1, signal: stop.signal }),
    outcomes: () => store.ledger().map(({ row }) => [row.outcome, row.reason].filter(Boolean).join(' ')),
  };
}

t.test('a unit that can never be committed: its one message is put aside whole, and the lane goes on', async (t) => {
  const { store, put, run, stop, outcomes, bugs, board, reasons } = setUp();
  const [first, second, third, poisoned, last] = [change(), change(), change(), change(), change()];
  store.before = (unit) => {
    const isPoisoned = unit.writes.some(({ events }) => events.some(({ metadata }) => metadata.changeId === poisoned.commandId));
    if (isPoisoned) throw new RangeError('cannot be stored');
  };
  put(first, second);
  put(third, poisoned);
  put(last);
  const running = run();
  await eventually('all is accounted for', () => outcomes(), { until: (rows) => rows.length === 5 });
  t.same(outcomes(), ['applied', 'applied', 'parked bug', 'parked bug', 'applied']);
  t.match(store.ledger()[3]?.row, { commandId: poisoned.commandId, errors: [{ message: 'RangeError: cannot be stored' }], payload: /ProcessCrmEvent/ });
  t.ok(bugs() > 0, 'and it is told');
  t.match(board.of(LANE), { state: { kind: 'reading' }, lag: 0 });
  t.strictSame([...reasons], ['a bug stopped a unit, which is tried again; the log of this service says more'], 'in our own words: anybody may read it');
  stop.abort();
  await running;
  t.match(board.of(LANE), { state: { kind: 'elsewhere' } });
});

t.test('a commit of unknown result: the checkpoint tells, and nothing is doubled', async (t) => {
  const { store, put, run, stop, outcomes, reasons } = setUp();
  let lost = 0;
  store.after = () => {
    lost += 1;
    if (lost % 2 === 1) throw new UnavailableError('connection lost', 1);
  };
  store.before = () => {
    if (lost === 1) {
      lost = 2;
      throw new UnavailableError('connection refused', 1);
    }
  };
  for (let message = 0; message < 4; message += 1) put(change(), change());
  const running = run();
  await eventually('all is accounted for', () => outcomes(), { until: (rows) => rows.length === 8 });
  t.same(store.ledger().map(({ repeats }) => repeats), Array(8).fill(0));
  t.equal((await store.readAll(0, 100)).filter((entry) => entry.kind !== 'event' || entry.type !== 'MarkedDirty').length, 8);
  t.strictSame([...reasons], ['the database or the broker is away, full or slow; the log of this service says more'], 'in our own words: anybody may read it');
  stop.abort();
  await running;
});

t.test('a commit that lands after its connection was given up, and after the checkpoint was read again: the lane stays and goes on', async (t) => {
  const { store, put, run, stop, outcomes, board } = setUp();
  let late: CommitUnit | null = null;
  let commits = 0;
  const commit = store.commit.bind(store);
  store.commit = async (units) => {
    commits += 1;
    if (commits === 1) {
      [late = null] = units;
      throw new UnavailableError('connection lost', 1);
    }
    if (late !== null) await commit([late]);
    late = null;
    return await commit(units);
  };
  put(change({ type: 'Created' }), change({ type: 'Created' }));
  const running = run();
  await eventually('it is decided', () => outcomes(), { until: (rows) => rows.length === 2 });
  put(change());
  await eventually('and the lane goes on', () => outcomes(), { until: (rows) => rows.length === 3 });
  t.same(outcomes(), ['applied', 'applied', 'applied']);
  t.match(board.of(LANE), { state: { kind: 'reading' } });
  stop.abort();
  await running;
});

t.test('a record whose write was stored before is read anew for its next change', async (t) => {
  const store = new InMemoryEventStore();
  store.fenceLane(LANE, 1);
  const { decide, session } = testPipeline(store);
  await decide([change({ type: 'Created' })]);
  const [created] = await store.readAll(0, 1);
  const streamId = created?.kind === 'event' ? created.streamId : '';
  t.ok(session.cache.get(streamId));
  const commit = store.commit.bind(store);
  store.commit = async (units) => (await commit(units)).map((result) => (
    result.status === 'committed' ? { ...result, writes: result.writes.map((write) => ({ ...write, repeated: true })) } : result
  ));
  await decide([change()]);
  t.equal(session.cache.get(streamId), undefined, 'what was stored may not be what was decided this time');
});

t.test('a bad deploy: the lane waits, says why, and parks nothing', async (t) => {
  let isBad = true;
  const { put, run, stop, outcomes, board } = setUp({
    domain: {
      processCrmEvent(event, state, definition) {
        if (isBad) throw new TypeError('a bad deploy');
        return ClientDomainService.processCrmEvent(event, state, definition);
      },
    },
  });
  put(...Array.from({ length: 60 }, () => change()));
  const running = run();
  await eventually('it waits', () => board.trouble());
  t.match(board.trouble(), /commands\.0 holding: 51|60 of the last 60 changes/);
  t.same(outcomes(), []);
  isBad = false;
  await eventually('it goes on', () => outcomes(), { until: (rows) => rows.length === 60 });
  t.equal(board.trouble(), null);
  stop.abort();
  await running;
});

t.test('whoever finds the lane fenced gives it up', async (t) => {
  const { store, put, run } = setUp();
  store.fenceLane(LANE, 2);
  put(change());
  await run();
  t.same(store.ledger(), []);
});

t.test('asked to stop, it finishes the unit in hand and begins no other', async (t) => {
  const { store, put, run, stop, outcomes } = setUp();
  put(...Array.from({ length: 300 }, () => change()));
  put(change());
  store.before = () => { stop.abort(); };
  await run();
  t.equal(outcomes().length, 300);
});
