import { eventually } from '@clientele/testing';
import { QueryClient } from '../../demo/query-client.ts';
import { SAMPLE_ORG } from '../../start/sample-change.ts';
import { median } from '../figure.ts';
import { BarePublish } from '../floor/bare-publish.ts';
import { ConnectionPool, openLoop } from '../load/open-loop.ts';
import { ChangeSource } from '../load/changes.ts';
import { expectStatus, getRequest, postRequest } from '../load/requests.ts';
import { SustainedLoad } from '../load/sustained-load.ts';
import type { Measure } from '../report/measure.ts';
import { percentile } from '../report/percentile.ts';
import type { BenchSystem } from '../system/bench-system.ts';
import { BacklogWatch } from '../system/backlog-watch.ts';
import { CpuWatch } from '../system/cpu-watch.ts';
import { MemoryWatch } from '../system/memory-watch.ts';
import { ViewProgress } from '../system/view-progress.ts';
import type { Run } from './run.ts';

const SERVICES = ['ingest', 'command', 'projector', 'query'];
export const CALLERS = 64;
/** Two seconds of the rate that is asked for. */
export const MOST_BEHIND = 3_000;
const WARM_UP = 0.15;
const WAIT_S = 30;
/** Changes that are asked for a second while the delay is measured. */
const ASKED_A_SECOND = 50;
const SETTLED_MS = 60_000;
export const TARGETS = { rate: 1_500, p99: 300, memory: 200 };

/** From POST to queryable, with all four services and both servers at work. */
export async function benchEndToEnd(bench: BenchSystem, run: Run): Promise<Measure[]> {
  const source = new ChangeSource();
  const views = await ViewProgress.follow(bench.servers);
  const before = await publishRate(bench, run);
  const { rate, measures } = await sustained(bench, run, source, views);
  // What was left to publish is no part of the floor, nor of the delays.
  await views.settled(source.made);
  const publishes = (before + await publishRate(bench, run)) / 2;
  const floor = { name: `bare publish, one change a message, ${CALLERS} in flight`, figure: publishes };
  const delays = await delaysAt(TARGETS.rate / 2, bench, run, source);
  await views.stop();
  const reached: Measure = { name: 'end to end, sustained', figure: rate, unit: 'changes/s', floor, target: { of: 'figure', is: 'at least', value: TARGETS.rate } };
  return [reached, ...measures, ...delays, await missing(bench, source.made)];
}

/** Every change is one message that the broker syncs before it says so, beside its share of an envelope: the floor of the whole. */
async function publishRate({ servers }: BenchSystem, { seconds, progress }: Run): Promise<number> {
  progress('end to end: its floor');
  const publish = await BarePublish.open(servers.natsUrl('operator'), new ChangeSource().next());
  const rate = await publish.rate(CALLERS, seconds);
  await publish.close();
  return rate;
}

/** Fills the system with so many changes. */
export async function fill({ servers, system }: BenchSystem, changes: number, source: { next(): string } = new ChangeSource()): Promise<void> {
  const progress = await ViewProgress.follow(servers);
  const { addresses, keys } = system;
  await new SustainedLoad({ address: addresses.ingest, key: keys.ingest, callers: CALLERS, mostBehind: MOST_BEHIND, source, progress }).run(changes);
  await progress.stop();
}

async function sustained(
  bench: BenchSystem, { changes, seconds, progress }: Run, source: ChangeSource, views: ViewProgress,
): Promise<{ rate: number; measures: Measure[] }> {
  const { system, pids } = bench;
  const load = new SustainedLoad({ address: system.addresses.ingest, key: system.keys.ingest, callers: CALLERS, mostBehind: MOST_BEHIND, source, progress: views });
  const backlog = await BacklogWatch.start(bench, views);
  const report = (): void => {
    backlog.sent(source.made);
    progress(`end to end: ${source.made} changes posted, ${views.position} queryable, ${views.published} published`);
  };
  progress('end to end: warming up');
  await load.run(Math.ceil(changes * WARM_UP), report);
  const memory = new MemoryWatch(pids, SERVICES);
  const cpu = new CpuWatch(pids);
  const windows: number[] = [];
  let [since, from] = [performance.now(), views.position];
  const timer = setInterval(() => {
    const [now, position] = [performance.now(), views.position];
    windows.push((position - from) / (now - since) * 1000);
    [since, from] = [now, position];
  }, seconds * 1000);
  const [begun, publishedBefore] = [performance.now(), views.published];
  await load.run(changes, report);
  clearInterval(timer);
  const elapsed = performance.now() - begun;
  const whole = changes / elapsed * 1000;
  const published = (views.published - publishedBefore) / elapsed * 1000;
  const rate = windows.length > 0 ? median(windows) : whole;
  const used = cpu.end();
  const waiting = await backlog.end();
  return {
    rate,
    measures: [
      { name: `end to end, mean over ${changes} changes`, figure: whole, unit: 'changes/s', floor: null, target: null },
      { name: 'published to EVENTS meanwhile, mean', figure: published, unit: 'events/s', floor: null, target: null },
      ...([['command', waiting.beforeCommand], ['relay', waiting.beforeRelay], ['projector', waiting.beforeProjector]] as const).map(([name, figure]): Measure => (
        { name: `waiting before ${name}, mean`, figure, unit: 'changes', floor: null, target: null }
      )),
      ...used.map(({ name, ms }): Measure => ({ name: `CPU time of ${name}`, figure: ms * 1000 / changes, unit: 'us/change', floor: null, target: null })),
      ...memory.end().map(({ name, start, most, end }): Measure => ({
        name: `memory of ${name}, most (start ${start.toFixed(0)}, end ${end.toFixed(0)})`, figure: most, unit: 'MiB', floor: null,
        target: { of: 'figure', is: 'below', value: TARGETS.memory },
      })),
    ],
  };
}

/** Arrivals come at a steady rate, whatever the system does; a share of them is asked for as soon as it is posted. */
export async function delaysAt(rate: number, { system }: BenchSystem, { seconds, rounds, progress }: Run, source: ChangeSource): Promise<Measure[]> {
  const { addresses, keys } = system;
  const ingest = new ConnectionPool(addresses.ingest);
  const query = new ConnectionPool(addresses.query);
  const every = Math.max(1, Math.round(rate / ASKED_A_SECOND));
  const posted: number[] = [];
  const queryable: number[] = [];
  const whole = seconds * (rounds + 1);
  progress(`end to end: ${rate.toFixed(0)} changes a second for ${whole} s`);
  await openLoop({
    rate,
    seconds: whole,
    arrive: async (number, dueAt) => {
      const answer = await ingest.use(async (connection) => await connection.send(postRequest('/events/salesforce/', keys.ingest, source.next())));
      const { head } = expectStatus(answer, 202);
      // The first window warms up.
      const counts = number >= rate * seconds;
      if (counts) posted.push(performance.now() - dueAt);
      if (number % every !== 0) return;
      const path = /\r\nlocation: https?:\/\/[^/]+([^?\r]+)/i.exec(head)?.[1] ?? '';
      expectStatus(await query.use(async (connection) => await connection.send(getRequest(`${path}?wait=${WAIT_S}`, keys.query))), 200);
      if (counts) queryable.push(performance.now() - dueAt);
    },
  });
  ingest.close();
  query.close();
  const at = `at ${rate.toFixed(0)} changes/s`;
  return [
    { name: `POST until acknowledged ${at}, p99`, figure: percentile(posted, 0.99), unit: 'ms', floor: null, target: null },
    { name: `POST until queryable ${at}, p50`, figure: percentile(queryable, 0.5), unit: 'ms', floor: null, target: null },
    { name: `POST until queryable ${at}, p99`, figure: percentile(queryable, 0.99), unit: 'ms', floor: null, target: { of: 'figure', is: 'below', value: TARGETS.p99 } },
  ];
}

/** Nothing may be lost: what the accounting says once all is decided. */
async function missing({ system }: BenchSystem, sent: number): Promise<Measure> {
  const query = new QueryClient(system.addresses.query, system.keys.query);
  const { unaccounted, lost, accepted, repeats } = await eventually('every change is decided', async () => await query.accounting(`salesforce:${SAMPLE_ORG}`), {
    until: ({ accepted, inFlight }) => accepted === sent && inFlight === 0, timeoutMs: SETTLED_MS,
  });
  return { name: `changes missing of ${sent}`, figure: sent - (accepted - repeats - unaccounted - lost), unit: 'changes', floor: null, target: { of: 'figure', is: 'below', value: 1 } };
}
