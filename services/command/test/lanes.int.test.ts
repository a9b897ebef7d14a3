import t from 'tap';
import { laneOfCommand, STREAMS } from '@clientele/contracts';
import { eventually, tcpProxy } from '@clientele/testing';
import { change, TestPublisher } from './support/commands.ts';
import { disorders, Load } from './support/load.ts';
import { LANES, sharedPostgres, testSystem, type CommandProcess, type TestSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);
const ALL = [...LANES, 'quarantine.salesforce'].sort();

/** Waits until the processes own all lanes among them, none twice, each its share. */
async function shared(what: string, processes: readonly CommandProcess[]): Promise<void> {
  const share = Math.floor(ALL.length / processes.length);
  await eventually(what, async () => await Promise.all(processes.map((process) => process.lanes())), {
    timeoutMs: 20_000,
    until: (lanes) => lanes.flat().sort().join() === ALL.join() && lanes.every(({ length }) => length >= share),
  });
}

async function owners(system: TestSystem): Promise<number> {
  const { rows } = await system.db.query('select 1 from clientele.leases where owner is not null and expires_at > clock_timestamp()');
  return rows.length;
}

t.test('processes share the lanes, follow one that dies, make room for one that joins; every record keeps its order', async (t) => {
  const system = await testSystem(t, postgres);
  const first = await system.startCommand();
  await shared('the only one owns all', [first]);
  const load = new Load(system).start();
  const second = await system.startCommand();
  await shared('two share', [first, second]);
  first.kill('SIGKILL');
  await shared('the other takes over', [second]);
  const third = await system.startCommand();
  await shared('the newcomer gets its share', [second, third]);
  await load.stop();
  const accounting = await system.accounted(load.acknowledged);
  t.match(accounting, { lost: 0, unaccounted: 0, outcomes: { applied: load.acknowledged } });
  t.same(disorders(load.sent, await system.events()), []);
});

t.test('an owner that was frozen until its lease was gone commits nothing when it wakes', async (t) => {
  const system = await testSystem(t, postgres);
  const [first, second] = [await system.startCommand(), await system.startCommand()];
  await shared('two share', [first, second]);
  const load = new Load(system).start();
  for (let round = 0; round < 3; round += 1) {
    await eventually('work goes on', async () => (await system.accounting()).accepted, { until: (count) => count > round * 200 });
    first.kill('SIGSTOP');
    await shared('the other takes over', [second]);
    first.kill('SIGCONT');
    await shared('they share again', [first, second]);
  }
  await load.stop();
  await system.accounted(load.acknowledged);
  t.same(disorders(load.sent, await system.events()), []);
});

t.test('SIGTERM under load: the batch in hand is finished, the lanes are free at once, exit code 0', async (t) => {
  const system = await testSystem(t, postgres);
  const first = await system.startCommand();
  const load = new Load(system).start();
  await eventually('work goes on', async () => (await system.accounting()).accepted, { until: (count) => count > 400 });
  const asked = performance.now();
  first.kill('SIGTERM');
  t.equal(await first.exited, 0, first.output().slice(-2000));
  const took = performance.now() - asked;
  t.equal(await owners(system), 0, 'no lease is left behind');
  t.comment(`stopped in ${Math.round(took)} ms`);
  await system.startCommand();
  await load.stop();
  await system.accounted(load.acknowledged);
  t.same(disorders(load.sent, await system.events()), []);
});

t.test('COMMANDS deleted under load: what is accepted afterwards is neither lost nor doubled', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const before = new Load(system).start();
  // A creation that the deletion takes would leave its record in doubt, and that is an event more.
  await eventually('every record is there', async () => new Set((await system.events()).map(({ external_id: id }) => id)).size, {
    until: (count) => count > 0 && count === before.sent.size,
  });
  for (let round = 0; round < 2; round += 1) {
    await system.link.manager.streams.delete(STREAMS.commands);
    const accepted = (await system.accounting()).accepted;
    await eventually('work goes on', async () => (await system.accounting()).accepted, { until: (count) => count > accepted + 200, timeoutMs: 30_000 });
  }
  await before.stop();
  const after = new Load(system).start();
  await eventually('more work', () => after.acknowledged >= 400);
  await after.stop();
  const total = before.acknowledged + after.acknowledged;
  await system.dispatcher.close();
  const accounting = await eventually('all that was sent is counted', () => system.accounting(), {
    until: ({ accepted, repeats }) => accepted - repeats >= total,
  });
  t.equal(accounting.unaccounted, accounting.lost, 'what the deletion took shows as lost, and nothing else is missing');
  const events = await system.events();
  t.equal(new Set(events.map(({ change_id: id }) => id)).size, events.length, 'nothing is doubled');
  const stored = new Set(events.map(({ change_id: id }) => id));
  t.same([...after.sent.values()].flat().filter((id) => !stored.has(id)), [], 'nothing that was accepted afterwards is lost');
  t.comment(`lost ${accounting.lost} of ${total}`);
  t.match(await process.get('/health/progress'), { status: 200 });
});

t.test('the reader loses its connection in the middle of batches: nothing is missed, nothing comes twice', async (t) => {
  const system = await testSystem(t, postgres);
  const proxy = await tcpProxy(system.nats.port);
  t.teardown(() => proxy.close());
  const process = await system.startCommand({ NATS_URL: system.nats.urlFor('command').replace(`:${system.nats.port}`, `:${proxy.port}`) });
  const load = new Load(system).start();
  for (let cut = 1; cut <= 6; cut += 1) {
    await eventually('work goes on', async () => (await system.accounting()).accepted, { until: (count) => count > cut * 200 });
    proxy.cut();
  }
  await load.stop();
  t.match(await system.accounted(load.acknowledged), { lost: 0, unaccounted: 0, repeats: 0 });
  t.same(disorders(load.sent, await system.events()), []);
  t.match(process.output(), /reading a lane broke/, 'it was cut while it read');
});

t.test('two creators of one record get one aggregate', async (t) => {
  const system = await testSystem(t, postgres);
  await Promise.all([system.startCommand(), system.startCommand()]);
  const publishers = LANES.map((lane) => new TestPublisher(`racer of ${lane}`, lane));
  const records = Array.from({ length: 20 }, (_, index) => `001RACE0000${String(index).padStart(4, '0')}AAA`);
  for (const externalId of records) {
    // The same record on every lane, which no publisher does: lanes of one record are the first guard, this is the second.
    await Promise.all(publishers.map(async (publisher, index) => {
      await system.publish(LANES[index] ?? 'commands.0', publisher.envelope([change({ externalId, type: 'Created' })]));
    }));
  }
  await system.accounted(records.length * LANES.length);
  const events = await system.events();
  for (const externalId of records) {
    const own = events.filter(({ external_id: id }) => id === externalId);
    t.equal(new Set(own.map(({ stream_id: stream }) => stream)).size, 1, externalId);
    t.same(own.map(({ version }) => version), own.map((_, index) => index + 1));
  }
});

t.test('what is missing shows', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();

  t.test('an envelope that never arrives is lost and unaccounted', async (t) => {
    const publisher = new TestPublisher('loser');
    await system.publish('commands.0', publisher.envelope([change(), change()]));
    publisher.envelope([change(), change(), change()]);
    await system.publish('commands.0', publisher.envelope([]));
    await eventually('the hole is seen', () => system.accounting(), { until: ({ lost }) => lost > 0 });
    t.match(await system.accounting(), { accepted: 5, lost: 3, unaccounted: 3, outcomes: { applied: 2 } });
    const alarm = /clientele_lost_total\{lane="commands.0"[^}]*\} 3\n/;
    await eventually('the alarm', async () => String((await process.get('/metrics')).body), { until: (metrics) => alarm.test(metrics) });
    t.match(process.output(), /"level":"error".*"lane":"commands.0","publisher":"loser","lost":3,/);
  });

  t.test('so does a ledger row that somebody deletes', async (t) => {
    await system.db.query('delete from clientele.ledger where command_id = (select min(command_id) from clientele.ledger)');
    t.match(await system.accounting(), { lost: 3, unaccounted: 4 });
  });
});

t.test('a command of a newer schema: its lane is given up, the process is unready, the other lanes go on', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const publisher = new TestPublisher('newer', 'commands.2');
  const before = change();
  await system.publish('commands.2', publisher.envelope([before]));
  await system.publish('commands.2', publisher.envelope([{ ...change(), schemaVersion: 99 }]));
  await eventually('unready', () => process.get('/health/ready'), { until: ({ status }) => status === 503 });
  t.match((await process.get('/health/ready')).body, { failing: [{ name: 'lanes', reason: /commands\.2 refused: .*schema version 99/ }] });
  const { rows } = await system.db.query("select owner from clientele.leases where name = 'commands.2'");
  t.same(rows, [{ owner: null }]);
  const elsewhere = Array.from({ length: 50 }, (_, index) => change({ externalId: `001ELSE0000${String(index).padStart(4, '0')}AAA` }))
    .filter((command) => laneOfCommand(command, LANES.length) !== 'commands.2');
  await system.send(...elsewhere);
  await system.accounted(1 + elsewhere.length);
  t.ok((await system.events()).some(({ change_id: id }) => id === before.commandId), 'what came before it was decided');
});
