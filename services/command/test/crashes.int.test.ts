import t from 'tap';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeDomainEvent, type LogEntry, type ProcessCrmEvent } from '@clientele/contracts';
import { replay, type DomainEvent, type RecordState } from '@clientele/domain';
import { InMemoryEventStore, PostgresEventStore } from '@clientele/event-store';
import { JetStreamEventFeed } from '@clientele/messaging';
import { eventually } from '@clientele/testing';
import { createPool } from '@clientele/service-kit';
import { change } from './support/commands.ts';
import { disorders, Load } from './support/load.ts';
import { testPipeline } from './support/pipeline.ts';
import { sharedPostgres, testSystem, type TestSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);

/** Every point at which a crash must lose nothing, in the order in which a change comes by them. */
const FAULT_POINTS = [
  'lane.after-read', 'lane.before-append', 'append.before', 'append.after', 'lane.after-append', 'relay.before-publish', 'relay.after-publish',
];

const RECORDS = ['001CRASH0000001AAA', '001CRASH0000002AAA', '001CRASH0000003AAA'];

function changesOfEveryKind(round: number): ProcessCrmEvent[] {
  return RECORDS.flatMap((externalId, index) => [
    change({ externalId, type: index === 0 ? 'Created' : 'Updated', data: { Name: `${round}`, [`Round${round}`]: index } }),
    change({ externalId, data: { Name: `${round}b`, BillingAddress: { Street: `${round}` } }, changedFields: ['Name', 'BillingAddress.Street'] }),
    change({ externalId, at: Date.parse('2021-01-01'), data: { Name: 'late', [`Late${round}`]: 1 }, changedFields: ['Name', `Late${round}`] }),
    change({ externalId, kind: 'gap', sourceChangeType: 'GAP_UPDATE' }),
    change({ externalId, type: index === 2 ? 'Deleted' : 'Restored', data: index === 2 ? {} : { Name: `${round}c` } }),
  ]);
}

/** The state of each record by its external id. */
function statesOf(entries: readonly LogEntry[]): Record<string, RecordState> {
  const streams = new Map<string, DomainEvent[]>();
  for (const entry of entries) {
    if (entry.kind !== 'event') continue;
    const { externalId } = entry.metadata;
    streams.set(externalId, [...(streams.get(externalId) ?? []), decodeDomainEvent(entry)]);
  }
  return Object.fromEntries([...streams].map(([id, events]) => [id, replay(events)]));
}

async function logOf(system: TestSystem): Promise<readonly LogEntry[]> {
  const pool = createPool(system.ownerUrl, { applicationName: 'test' });
  try {
    return await new PostgresEventStore({ pool }).readAll(0, 100_000);
  } finally {
    await pool.end();
  }
}

const tooLarge = (position: number): Promise<never> => Promise.reject(new Error(`entry ${position} is not on the stream whole`));

/** Positions on the stream, as they stand there. */
async function publishedPositions(system: TestSystem, head: number): Promise<number[]> {
  const stop = new AbortController();
  const positions: number[] = [];
  const feed = new JetStreamEventFeed({ link: system.link, resolve: tooLarge });
  for await (const { entries } of feed.read({ incarnation: null, position: 0 }, { signal: stop.signal })) {
    positions.push(...entries.map(({ position }) => position));
    if (positions.length >= head) stop.abort();
  }
  return positions;
}

t.test('killed at any point and started again, it ends with the same state, ledger and stream', async (t) => {
  const system = await testSystem(t, postgres);
  const sent: ProcessCrmEvent[] = [];
  for (const [round, point] of FAULT_POINTS.entries()) {
    const process = await system.spawnCommand({ CLIENTELE_FAULT: point });
    const commands = changesOfEveryKind(round);
    await system.send(...commands);
    sent.push(...commands);
    t.equal(await process.exited, null, `${point}: killed there`);
    // Repeats of what may be half done.
    await system.send(...commands.slice(0, 3));
  }
  await system.startCommand();
  const accounting = await system.accounted(sent.length + 3 * FAULT_POINTS.length);

  const store = new InMemoryEventStore();
  store.fenceLane('commands.0', 1);
  const undisturbed = testPipeline(store);
  await undisturbed.decide(sent);
  const expected = await store.readAll(0, 100_000);

  const log = await logOf(system);
  t.same(statesOf(log), statesOf(expected), 'the state of each record');
  const ledger = await system.db.query<{ command_id: string; outcome: string }>('select command_id, outcome from clientele.ledger');
  const outcomes = (rows: readonly (readonly [string, string])[]) => Object.fromEntries([...rows].sort());
  t.same(
    outcomes(ledger.rows.map(({ command_id: id, outcome }) => [id, outcome] as const)),
    outcomes(store.ledger().map(({ row }) => [row.commandId, row.outcome] as const)),
    'the outcome of each change',
  );
  t.match(accounting, { repeats: 3 * FAULT_POINTS.length, lost: 0, unaccounted: 0 });
  t.same(log.map(({ position }) => position), log.map((_, index) => index + 1), 'the log is dense');
  t.same(await publishedPositions(system, log.length), log.map(({ position }) => position), 'the stream is the log');
});

t.test('the database is killed under load: the lanes wait, the service says so, and goes on by itself', async (t) => {
  const own = await sharedPostgres(t);
  const system = await testSystem(t, own);
  const process = await system.startCommand();
  const load = new Load(system).start();
  for (let round = 1; round <= 2; round += 1) {
    await eventually('work goes on', async () => (await system.accounting()).accepted, { until: (count) => count > round * 400 });
    await own.kill();
    await eventually('unready', () => process.get('/health/ready'), { until: ({ status }) => status === 503 });
    await sleep(round * 700); // long enough for leases to run out in one round, and not in the other
    await own.restart();
    await eventually('ready', () => process.get('/health/ready'), { until: ({ status }) => status === 200, timeoutMs: 30_000 });
  }
  await load.stop();
  await system.accounted(load.acknowledged);
  t.same(disorders(load.sent, await system.events()), []);
});

t.test('the broker is killed under load: nothing that was acknowledged is lost', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const load = new Load(system).start();
  for (let round = 1; round <= 2; round += 1) {
    await eventually('work goes on', async () => (await system.accounting()).accepted, { until: (count) => count > round * 400 });
    await system.nats.kill();
    await eventually('unready', () => process.get('/health/ready'), { until: ({ status }) => status === 503 });
    await system.nats.restart();
    await eventually('ready', () => process.get('/health/ready'), { until: ({ status }) => status === 200, timeoutMs: 30_000 });
  }
  await load.stop();
  const accounting = await system.accounted(load.acknowledged);
  t.match(accounting, { lost: 0, unaccounted: 0 });
  t.same(disorders(load.sent, await system.events()), []);
  const log = await logOf(system);
  t.same(await publishedPositions(system, log.length), log.map(({ position }) => position), 'the stream is the log');
});
