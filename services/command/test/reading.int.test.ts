import t, { type Test } from 'tap';
import type { Command } from '@clientele/contracts';
import { clockOf } from '@clientele/domain';
import { PostgresEventStore } from '@clientele/event-store';
import type { RecordSource } from '@clientele/providers';
import { createLogger, createMetrics, createPool } from '@clientele/service-kit';
import { eventually, FULL_LIFE, relayFeed } from '@clientele/testing';
import { ownReaders } from '../src/reading/own-readers.ts';
import { ReadMetrics } from '../src/reading/read-metrics.ts';
import { ReaderBoard } from '../src/reading/reader-board.ts';
import type { ReadableSource } from '../src/sources/source-book.ts';
import { SOURCE } from './support/commands.ts';
import { live, readableOrg, type ReadableOrg, type ReadableOrgOptions } from './support/readable-org.ts';
import { sharedPostgres, testSystem, type CommandProcess, type TestSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);

interface Scene {
  readonly system: TestSystem;
  readonly org: ReadableOrg;
}

async function scene(t: Test, options: Partial<ReadableOrgOptions> = {}): Promise<Scene> {
  const system = await testSystem(t, postgres);
  const org = await readableOrg(t, system, { org: { seed: t.name, records: 40, changes: 0 }, marginMs: 500, ...options });
  return { system, org };
}

/** Records of the org that live, as an update of each tells of them. */
function updatesOf({ server, change }: ReadableOrg, count: number) {
  const accounts = server.truth().filter(({ entity, lifecycle }) => entity === 'Account' && lifecycle === 'active').slice(0, count);
  return accounts.map(({ externalId }) => change.call({ source: server.org.source }, { externalId, data: { Site: 'told' }, changedFields: ['Site'] }));
}

async function state(org: ReadableOrg, process: CommandProcess, wanted: string): Promise<void> {
  await eventually(`the reader is ${wanted}`, async () => (await org.report(process)).reader.state, { until: (now) => now === wanted, timeoutMs: 20_000 });
}

t.test('a feed with gaps, losses, repeats and disorder ends in the org as it is', async (t) => {
  const { system, org } = await scene(t, { org: { seed: 'gaps', records: 60, changes: 200, life: { ...FULL_LIFE, hardDeletes: 0 } }, marginMs: 2000 });
  const process = await system.startCommand(org.env);
  let sent = 0;
  for (const event of relayFeed(org.server.org, { gaps: 0.1, lossWithGap: 0.05, reorder: 20, repeat: 0.1, merge: true })) {
    const commands = org.commands(event);
    sent += commands.length;
    await system.send(...commands);
  }
  t.ok(sent > 200);
  await org.allRead(60_000);
  t.same(await org.differences(), []);
  const { rows: [accounting] } = await system.db.query<Record<string, string>>('select unaccounted::int, reads::int, lost::int from published.accounting where source is null');
  t.match(accounting, { unaccounted: 0, lost: 0 });
  t.ok(Number(accounting?.['reads']) > 0, 'looks are counted apart');
  const report = await org.report(process);
  t.match(report, { readable: true, reader: { state: 'reading' }, reads: { open: (await org.wanted()).length } });
  const calls = [...org.server.counts.kinds].filter(([kind]) => kind !== 'token').reduce((sum, [, count]) => sum + count, 0);
  const spent = Object.values(report.quota?.spent ?? {}).reduce((sum, count) => sum + count, 0);
  t.ok(spent >= calls - 20 && spent <= calls * 2 + 20, `${spent} calls are counted, ${calls} were made`);
  t.equal(report.quota?.budget, 50_000);
});

t.test('an update before its create is completed by a read, also of a record that does not show at first', async (t) => {
  const { system, org } = await scene(t, { habits: { unseenAtFirst: 1 } });
  live(org.server.org);
  await system.startCommand(org.env);
  const updates = updatesOf(org, 2);
  await system.send(...updates);
  await system.accounted(updates.length);
  t.ok((await org.wanted()).every(({ reason }) => reason === 'missing_create'));
  await org.allRead();
  const { rows } = await system.db.query<{ type: string; data: string }>("select type, data::text from clientele.events where type in ('MarkedDirty', 'Cleaned') order by position");
  t.same(rows.map(({ type }) => type).sort(), ['Cleaned', 'Cleaned', 'MarkedDirty', 'MarkedDirty']);
});

t.test('a provider that is down delays only what needs it', async (t) => {
  const { system, org } = await scene(t, { habits: { down: true } });
  live(org.server.org);
  const process = await system.startCommand(org.env);
  const updates = updatesOf(org, 2);
  await system.send(...updates);
  await state(org, process, 'unavailable');
  const begun = Date.now();
  const others = Array.from({ length: 20 }, (_, nth) => org.change({ externalId: `001other${String(nth).padStart(7, '0')}AAA`, type: 'Created', data: { Name: 'free' } }));
  await system.send(...others);
  await system.accounted(updates.length + others.length);
  t.comment(`the others took ${Date.now() - begun} ms`);
  t.equal((await org.wanted()).length, updates.length);
  await eventually('the breaker opens', async () => (await org.report(process)).breaker?.state, { until: (breaker) => breaker === 'open', timeoutMs: 30_000 });
  org.server.habits.down = false;
  await org.allRead(60_000);
  t.match(await org.report(process), { reader: { state: 'reading' }, breaker: { state: 'closed' } });
});

t.test('each way of not answering has its own wait', async (t) => {
  const { system, org } = await scene(t);
  live(org.server.org);
  const process = await system.startCommand(org.env);
  const [first, second, third, fourth, fifth] = updatesOf(org, 5);
  t.ok(fifth);
  const read = async (...commands: (typeof first)[]): Promise<void> => {
    for (const command of commands) if (command !== undefined) await system.send(command);
    await eventually('it is asked for', async () => (await org.wanted()).length, { until: (count) => count > 0 });
  };

  org.server.next('rate_limited');
  await read(first);
  await state(org, process, 'rate_limited');
  await org.allRead();

  org.server.next('hang');
  await read(second);
  await org.allRead();

  org.server.expireTokens();
  org.server.habits.latencyMs = 900;
  await read(third);
  await org.allRead();

  org.server.habits.latencyMs = 0;
  org.server.habits.nullsInErrors = true;
  org.server.next('server_error', 'cut', 'truncated');
  await read(fourth);
  await org.allRead();

  org.server.next('limit_exceeded');
  await read(fifth);
  await state(org, process, 'rate_limited');
  t.match(await org.report(process), { reader: { reason: /REQUEST_LIMIT_EXCEEDED/ }, reads: { open: 1 } });
  const { body } = await process.get('/metrics');
  t.match(body, /clientele_source_reader\{[^}]*state="rate_limited"[^}]*\} 1/);
  t.match(body, /clientele_reads_total\{[^}]*result="answered"[^}]*\} 4/);
});

t.test('while the broker is away no read is taken, since what is read could not be sent', async (t) => {
  const system = await testSystem(t, postgres);
  const pool = createPool(system.ownerUrl, { applicationName: 'test' });
  let connected = false;
  const sent: Command[] = [];
  const asked: string[] = [];
  const records: Partial<RecordSource> = {
    fetchOne: async (entity, id) => {
      asked.push(id);
      const at = new Date().toISOString();
      return await Promise.resolve({ kind: 'found', entity, id, fields: {}, whole: true, changedAt: null, window: { from: at, until: at }, calls: 1 });
    },
    breaker: () => ({ state: 'closed', failures: 0, retryAt: null }),
  };
  const source: ReadableSource = {
    id: SOURCE, provider: 'salesforce', records: records as RecordSource, marginMs: 0, entities: ['Account'],
    quota: { spend: async () => true, allows: async () => true, status: async () => await Promise.reject(new Error('not asked')) },
  };
  const since = clockOf({ commitTime: Date.now() - 60_000, commitNumber: '1', sequenceNumber: 1, changeId: 'change' });
  const read = { source: SOURCE, provider: 'salesforce', entity: 'Account', externalId: '1', reason: 'gap', since, notBefore: new Date().toISOString() };
  const board = new ReaderBoard();
  const [keeper] = ownReaders({
    sources: [source], pool, leasePool: pool, leaseTtlMs: 1500, dispatcher: { dispatch: async (commands) => void sent.push(...commands) }, connected: () => connected,
    board, metrics: new ReadMetrics(createMetrics('command'), { readable: () => [source] }, board), logger: createLogger('command', { LOG_LEVEL: 'silent' }),
    now: () => new Date(), faultPoint: () => {}, onBug: () => {},
  });
  t.teardown(async () => {
    await keeper?.stop();
    await pool.end();
  });
  await new PostgresEventStore({ pool }).commit([{ writes: [], outcomes: [], ledger: [], repeats: [], mappings: [], reads: [read] }]);
  await keeper?.start();
  await eventually('it waits for the broker', () => board.of(SOURCE).state, { until: ({ kind }) => kind === 'holding' || asked.length > 0 });
  t.match(board.of(SOURCE).state, { kind: 'holding', reason: 'the broker is away' });
  t.same(asked, []);
  connected = true;
  await eventually('it reads', () => sent, { until: ({ length }) => length > 0 });
});

t.test('a call that hangs does not keep the service from stopping', async (t) => {
  const { system, org } = await scene(t);
  live(org.server.org);
  const process = await system.startCommand({ ...org.env, PROVIDER_TIMEOUT_MS: '30000' });
  org.server.habits.mishaps = { hang: 1 };
  await system.send(...updatesOf(org, 1));
  await eventually('the call hangs', () => org.server.counts.underWay, { until: (count) => count > 0, timeoutMs: 20_000 });
  process.kill('SIGTERM');
  t.equal(await process.exited, 0, 'it stops by itself, in time');
  t.match(await org.wanted(), [{ state: 'open', attempts: 0 }], 'what it took is put back');
});

t.test('a reader that is killed leaves nothing unread', async (t) => {
  for (const fault of ['reader.after-take', 'reader.before-publish', 'reader.after-publish']) {
    await t.test(fault, async (t) => {
      const { system, org } = await scene(t);
      live(org.server.org);
      const doomed = await system.startCommand({ ...org.env, CLIENTELE_FAULT: fault });
      const updates = updatesOf(org, 3);
      await system.send(...updates);
      await doomed.exited;
      if (fault !== 'reader.after-publish') t.equal((await org.wanted()).length, 3);
      await system.startCommand(org.env);
      await org.allRead();
      t.equal(updates.length, 3);
      await system.accounted(updates.length);
    });
  }
});
