import { eventually } from '@clientele/testing';
import pg from 'pg';
import { QueryClient } from '../../demo/query-client.ts';
import { SAMPLE_ORG } from '../../start/sample-change.ts';
import { median } from '../figure.ts';
import { ChangeSource, ParkedSource } from '../load/changes.ts';
import { ClosedLoop } from '../load/closed-loop.ts';
import { SustainedLoad } from '../load/sustained-load.ts';
import { postRequest } from '../load/requests.ts';
import type { Measure } from '../report/measure.ts';
import type { BenchSystem } from '../system/bench-system.ts';
import { ViewProgress } from '../system/view-progress.ts';
import { CALLERS, delaysAt, fill, MOST_BEHIND, TARGETS } from './end-to-end.ts';
import { benchReads } from './reads.ts';
import type { Run } from './run.ts';

/** What a figure keeps of itself when so much is parked. */
const KEPT = 0.95;
const SETTLED_MS = 120_000;

interface Reading {
  readonly name: string;
  readonly figure: number;
  readonly unit: string;
  /** Whether more is better. */
  readonly isRate: boolean;
}

/** The same figures of the same system while so many changes are parked and while none are: before and after, since a machine is not as quick all the time. */
export async function benchParked(bench: BenchSystem, run: Run): Promise<Measure[]> {
  const source = new ChangeSource();
  run.progress('parked: filling the system');
  await fill(bench, run.changes, source);
  const before = await readings(bench, run, source, 'with none parked');
  run.progress(`parked: parking ${run.parked} changes`);
  await fill(bench, run.parked, new ParkedSource());
  await untilParked(bench, run.parked);
  const withParked = await readings(bench, run, source, `with ${run.parked} parked`);
  run.progress('parked: taking them away');
  await forgetParked(bench);
  const after = await readings(bench, run, source, 'with none parked again');
  return withParked.map(({ name, figure, unit, isRate }, at) => ({
    name: `${name}, ${run.parked} parked`, figure, unit,
    floor: { name: 'the same, none parked, before and after', figure: ((before[at]?.figure ?? 0) + (after[at]?.figure ?? 0)) / 2 },
    target: isRate ? { of: 'ratio', is: 'at least', value: KEPT } : { of: 'ratio', is: 'below', value: 1 / KEPT },
  }));
}

async function readings(bench: BenchSystem, run: Run, source: ChangeSource, when: string): Promise<Reading[]> {
  const progress = (line: string): void => run.progress(`parked: ${when}: ${line}`);
  const views = await ViewProgress.follow(bench.servers);
  const rates: number[] = [];
  const posts: number[] = [];
  for (let round = 0; round < run.rounds; round += 1) {
    progress(`round ${round + 1} of ${run.rounds}`);
    rates.push(await sustained(bench, run, source, views));
    posts.push(await posted(bench, run, source, views));
  }
  // What was left to publish is no part of the delays.
  await views.settled(views.position);
  await views.stop();
  const delays = await delaysAt(TARGETS.rate / 2, bench, { ...run, progress }, source);
  const reads = await benchReads(bench, { ...run, progress });
  return [
    { name: 'end to end, sustained', figure: median(rates), unit: 'changes/s', isRate: true },
    { name: `posted, ${CALLERS} callers`, figure: median(posts), unit: 'changes/s', isRate: true },
    ...[...delays, ...reads].map(({ name, figure, unit }) => ({ name, figure, unit, isRate: unit !== 'ms' })),
  ];
}

async function sustained({ system: { addresses, keys } }: BenchSystem, { changes, rounds }: Run, source: ChangeSource, progress: ViewProgress): Promise<number> {
  const share = Math.ceil(changes / rounds);
  const begun = performance.now();
  await new SustainedLoad({ address: addresses.ingest, key: keys.ingest, callers: CALLERS, mostBehind: MOST_BEHIND, source, progress }).run(share);
  return share / (performance.now() - begun) * 1000;
}

/** What ingest acknowledges while the others work behind it; then they catch up. */
async function posted({ system: { addresses, keys } }: BenchSystem, { seconds }: Run, source: ChangeSource, progress: ViewProgress): Promise<number> {
  const [before, made] = [progress.position, source.made];
  const loop = new ClosedLoop({ address: addresses.ingest, callers: CALLERS, status: 202, request: () => postRequest('/events/salesforce/', keys.ingest, source.next()) });
  await loop.open();
  const { rate } = await loop.window(seconds);
  loop.close();
  await progress.reached(before + source.made - made);
  return rate;
}

/** @throws Error where they are not all parked: the figures would mean nothing. */
async function untilParked({ system: { addresses, keys } }: BenchSystem, count: number): Promise<void> {
  const query = new QueryClient(addresses.query, keys.query);
  await eventually(`${count} changes are parked`, async () => await query.accounting(`salesforce:${SAMPLE_ORG}`), { until: ({ parked }) => parked >= count, timeoutMs: SETTLED_MS });
}

/** No user could do so: their rows go without a word in the log. */
async function forgetParked({ servers }: BenchSystem): Promise<void> {
  const client = new pg.Client({ connectionString: servers.writeOwnerUrl });
  await client.connect();
  try {
    await client.query(`delete from clientele.ledger where outcome = 'parked'`);
    await client.query('vacuum clientele.ledger');
  } finally {
    await client.end();
  }
}
