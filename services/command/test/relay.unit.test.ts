import type { EventStream, EventStreamState } from '@clientele/messaging';
import { Health } from '@clientele/service-kit';
import { eventually } from '@clientele/testing';
import t from 'tap';
import { alignStream } from '../src/relay/align.ts';
import { watchCommand } from '../src/health.ts';
import { LaneBoard } from '../src/lanes/lane-board.ts';
import { judgeStream } from '../src/relay/judge-stream.ts';
import { StaleLeaderError } from '../src/relay/relay-log.ts';
import { RelayProgress } from '../src/relay/relay-progress.ts';
import { firstPositionSince, hasEntrySince } from '../src/relay/retention.ts';
import { WakeUp } from '../src/relay/wake-up.ts';
import { ListLog, ListState } from './support/relay-log.ts';

const place = (position: number, incarnation = 'log-1') => ({ incarnation, position, sequence: position + 60 });
const faithful: EventStreamState = {
  created: 'then', subjects: ['crm.events.>'], messages: 10, firstSequence: 101, lastSequence: 110, holes: 0,
  bytes: 1000, maxBytes: 10_000, maxAgeMs: 0,
  first: place(41), last: place(50),
};
const head = place(60);

t.test('the stream is judged by what it holds', async (t) => {
  const judge = (change: Partial<EventStreamState>, beginsLate = false) => judgeStream({ ...faithful, ...change }, head, beginsLate);
  t.same(judge({}), { kind: 'continue', position: 50, sequence: 110 });
  t.match(judge({ messages: 0, first: null, last: null }, true), { kind: 'refill' });
  t.same(judge({ messages: 0, first: null, last: null }), { kind: 'continue', position: 60, sequence: 110 }, 'nothing of the log is young enough for it');
  t.match(judge({ holes: 1, messages: 9 }), { kind: 'refill', reason: /hole/ });
  t.match(judge({ messages: 9 }), { kind: 'refill', reason: /hole/ });
  t.match(judge({ first: { ...place(40), sequence: 101 } }), { kind: 'refill', reason: /dense/ });
  t.match(judge({ first: place(41, 'log-0') }), { kind: 'refill', reason: /dense/ });
  t.match(judge({ last: null }), { kind: 'refill', reason: /no relay/ });
  t.match(judge({ first: place(41, 'log-0'), last: place(70, 'log-0') }), { kind: 'refill', reason: /another log/ });
  t.match(judge({}, true), { kind: 'refill', reason: /beginning/ });
  t.match(judge({ bytes: 9500 }, true), { kind: 'continue' }, 'its own limit took the beginning');
  t.match(judge({ first: place(52), last: place(61) }), { kind: 'ahead', reason: /61.*60.*log-1/ });
  t.match(judge({ first: place(52), last: place(61), holes: 3 }), { kind: 'ahead' }, 'also with a hole: nothing may be lost by a purge');
});

t.test('who leads no more empties nothing: its successor may be filling the stream', async (t) => {
  const asked: string[] = [];
  const stream: Partial<EventStream> = { state: async () => faithful, purge: async () => void asked.push('purge') };
  const log = new ListLog();
  log.append(60);
  const state = new ListState();
  state.leaseEpoch = 2;
  await t.rejects(alignStream({ log, stream: stream as EventStream, state }, 1, 'somebody else wrote to it'), StaleLeaderError);
  t.same(asked, []);
});

t.test('the first entry inside the retention is found by its time', async (t) => {
  const log = new ListLog();
  for (let second = 0; second < 100; second += 1) log.append(1, { recordedAt: new Date(second * 1000).toISOString() });
  for (const second of [0, 1, 37, 99]) t.equal(await firstPositionSince(log, 100, new Date(second * 1000)), second + 1);
  t.equal(await firstPositionSince(log, 100, new Date(36_500)), 38);
  t.equal(await firstPositionSince(log, 100, new Date(1e9)), 101);
  t.equal(await firstPositionSince(log, 0, new Date(0)), 1);
  t.equal(await hasEntrySince(log, 51, new Date(49_000)), true);
  t.equal(await hasEntrySince(log, 51, new Date(49_500)), false);
  t.equal(await hasEntrySince(log, 1, new Date(0)), false);
  t.equal(await hasEntrySince(log, 101, new Date(99_000)), true);
});

t.test('progress is counted in entries and seconds, and kept while the relay waits', async (t) => {
  const progress = new RelayProgress();
  t.match(progress.status(), { phase: 'standby', published: null, lagEvents: 0, lagSeconds: 0 });
  const log = new ListLog();
  log.append(10, { recordedAt: new Date(Date.now() - 60_000).toISOString() });
  progress.startAt(0, 10);
  progress.enter('publishing');
  progress.read(log.entries);
  progress.stored(1);
  progress.stored(2);
  t.match(progress.status(), { published: 2, head: 10, lagEvents: 8, publishedCount: 2 });
  t.ok(progress.status().lagSeconds >= 60);
  progress.enter('waiting', 'the database is away');
  t.match(progress.status(), { lagEvents: 8, reason: 'the database is away' });
  t.ok(progress.status().lagSeconds >= 60);
  progress.enter('standby');
  t.match(progress.status(), { lagEvents: 0, lagSeconds: 0, published: null });
});

t.test('a relay that stopped for a person makes unready, one that waits does not', async (t) => {
  const health = new Health();
  t.teardown(() => health.stopping());
  const relay = new RelayProgress();
  const nobody = {} as never;
  watchCommand({ health, pool: nobody, link: nobody, lanes: 4, board: new LaneBoard([]), watch: { progress: () => ({ lag: 0, position: 0 }) }, relay });
  const shown = async () => (await health.readiness()).checks.find(({ name }) => name === 'relay');
  for (const phase of ['standby', 'publishing', 'waiting'] as const) {
    relay.enter(phase, 'the database is away');
    t.match(await shown(), { ok: true }, phase);
  }
  relay.enter('ahead', 'the stream holds 61, the log ends at 60');
  t.match(await shown(), { ok: false, reason: /61.*60/ });
});

t.test('a ring before the wait is not missed', async (t) => {
  const wakeUp = new WakeUp();
  const never = new AbortController().signal;
  const heard = wakeUp.heard();
  wakeUp.ring();
  await wakeUp.wait(heard, 3_600_000, never);
  const waiting = wakeUp.wait(wakeUp.heard(), 3_600_000, never);
  wakeUp.ring();
  await waiting;
  const ending = new AbortController();
  const ended = wakeUp.wait(wakeUp.heard(), 3_600_000, ending.signal);
  ending.abort();
  await ended;
  let over = false;
  void wakeUp.wait(wakeUp.heard(), 1, never).then(() => (over = true));
  t.ok(await eventually('the wait is over by itself', () => over));
});
