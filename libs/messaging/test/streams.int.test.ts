import { commandLanes, laneOfCommand, OtherLanesError, UnavailableError, type LaneName, type LanePosition } from '@clientele/contracts';
import { eventually, sampleCommand, sampleQuarantine, startNats } from '@clientele/testing';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ensureTopology, JetStreamDispatcher, LaneLook, LaneTrimmer, requireListedLanes, streamStatus } from '../src/index.ts';
import { broker, deleteStream, freshStream, linkTo } from './support.ts';

const nats = await broker(t);
const operator = await linkTo(t, nats.url, 'operator');

const LANES_0_TO_3 = [0, 1, 2, 3].map((lane) => `crm.commands.${lane}`);
const OLDER = ['crm.commands.*', 'crm.quarantine.*'];

t.test('both streams are made with their settings, and brought back to them', async (t) => {
  await ensureTopology(nats.url);
  const made = await Promise.all(['COMMANDS', 'EVENTS'].map((name) => operator.manager.streams.info(name)));
  t.match(made.map(({ config }) => config), [
    { subjects: [...LANES_0_TO_3, 'crm.quarantine.*'], retention: 'limits', discard: 'new', max_age: 0, max_bytes: 4 * 1024 ** 3, storage: 'file', duplicate_window: 120e9 },
    { subjects: ['crm.events.>'], retention: 'limits', discard: 'old', max_age: 7 * 86_400e9, max_bytes: 8 * 1024 ** 3, storage: 'file' },
  ]);
  await operator.nats.jetstream().publish('crm.commands.0', 'kept');
  await operator.manager.streams.update('COMMANDS', { max_bytes: 5000 });
  await ensureTopology(nats.url, { commandsMaxBytes: 1_000_000, eventsMaxAgeMs: 60_000 });
  await ensureTopology(nats.url, { commandsMaxBytes: 1_000_000, eventsMaxAgeMs: 60_000 });
  t.match(await streamStatus(operator, 'commands'), { messages: 1, maxBytes: 1_000_000, created: made[0]?.created });
  t.match(await streamStatus(operator, 'events'), { messages: 0, maxAgeMs: 60_000 });
});

t.test('what the streams reserve fits by the configuration, not by the disk that happens to be free; else it is told how to make room', async (t) => {
  const logFile = join(t.testdir(), 'nats.log');
  const asInProduction = await startNats({ logFile });
  t.teardown(async () => await asInProduction.stop());
  await ensureTopology(asInProduction.url);
  t.match(await readFile(logFile, 'utf8'), /Max Storage:\s+16\.00 GB/);

  const small = await startNats({ syncAlways: false, maxFileStore: '6GB' });
  t.teardown(async () => await small.stop());
  await t.rejects(ensureTopology(small.url), { name: 'UnavailableError', message: /EVENTS: .*: raise max_file_store .* COMMANDS_MAX_MB or EVENTS_MAX_MB/ });
  await ensureTopology(small.url, { eventsMaxBytes: 1024 ** 3 });
});

t.test('COMMANDS takes the lanes that it was made for and no others; the migration brings an older one to them', async (t) => {
  const found = async () => (await streamStatus(operator, 'commands')) ?? { subjects: [] };
  await operator.manager.streams.update('COMMANDS', { subjects: OLDER });
  t.throws(() => requireListedLanes({ subjects: OLDER }, 4), OtherLanesError);
  await ensureTopology(nats.url, { lanes: 4 });
  const brought = await found();
  t.match(brought, { messages: 1, subjects: [...LANES_0_TO_3, 'crm.quarantine.*'] }, 'and keeps what is in it');
  t.doesNotThrow(() => requireListedLanes(brought, 4));
  for (const lanes of [3, 5]) t.throws(() => requireListedLanes(brought, lanes), { message: new RegExp(`^LANES=${lanes} .*crm[.]commands[.]3`) });

  const link = await linkTo(t, nats.urlFor('ingest'));
  const astray = new JetStreamDispatcher({ link, lanes: 64, deadlineMs: 1500 });
  const command = Array.from({ length: 100 }, (_, number) => sampleCommand(`${number}`, 1)).find((one) => !commandLanes(4).includes(laneOfCommand(one, 64)));
  await t.rejects(astray.dispatch(command === undefined ? [] : [command]), UnavailableError, 'nothing is acknowledged for a lane that nobody reads');
  await astray.close(100);
  t.match(await found(), { messages: 1 });

  await deleteStream(operator, 'commands');
  const six = new JetStreamDispatcher({ link, lanes: 6 });
  await six.dispatch([sampleQuarantine(1)]);
  await six.close();
  const made = await found();
  t.doesNotThrow(() => requireListedLanes(made, 6), 'whoever makes it anew makes it with its own lanes');
});

t.test('whoever finds COMMANDS missing makes it: ten dispatchers at once', async (t) => {
  await deleteStream(operator, 'commands');
  const links = await Promise.all(Array.from({ length: 10 }, (_, index) => linkTo(t, nats.urlFor(index % 2 === 0 ? 'ingest' : 'command'))));
  const dispatchers = links.map((link) => new JetStreamDispatcher({ link }));
  const quarantine = { type: 'QuarantineBody', schemaVersion: 1, provider: 'salesforce', source: null, body: '', reason: '', correlationId: '', receivedAt: '' } as const;
  await Promise.all(dispatchers.map((dispatcher, index) => dispatcher.dispatch([{ ...quarantine, errors: [], commandId: `${index}` }])));
  t.equal((await streamStatus(operator, 'commands'))?.messages, 10);
  await Promise.all(dispatchers.map((dispatcher) => dispatcher.close()));
});

t.test('trimming', async (t) => {
  const trimmer = async (t: Test, options = {}) => new LaneTrimmer({ link: await linkTo(t, nats.urlFor('command')), ...options });
  const publish = async (lane: LaneName, count: number, size = 100): Promise<void> => {
    for (let index = 0; index < count; index += 1) await operator.nats.jetstream().publish(`crm.${lane}`, 'x'.repeat(size));
  };
  const place = async (sequence: number): Promise<LanePosition> => ({ incarnation: (await streamStatus(operator, 'commands'))?.created ?? '', sequence });
  const left = async (): Promise<Record<string, number>> =>
    (await operator.manager.streams.info('COMMANDS', { subjects_filter: '>' })).state.subjects ?? {};

  t.test('takes out what is decided and old enough, lane by lane', async (t) => {
    await freshStream(operator, 'commands');
    await publish('commands.0', 10);
    await publish('commands.1', 10);
    const old = await operator.manager.streams.getMessage('COMMANDS', { seq: 20 });
    await eventually('time to pass', () => Date.now() > old.time.getTime() + 2000);
    await publish('commands.0', 10);
    const link = await linkTo(t, nats.urlFor('command'));
    const keepMs = Date.now() - old.time.getTime() - 500;
    const result = await new LaneTrimmer({ link, keepMs }).trim(new Map<LaneName, LanePosition>([['commands.0', await place(25)], ['commands.1', await place(14)]]));
    t.equal(result.purged, 14, 'all ten old ones of lane 0, four of lane 1, none of the young ones');
    t.same(await left(), { 'crm.commands.0': 10, 'crm.commands.1': 6 });
    t.same(await (await trimmer(t, { keepMs: 3_600_000 })).trim(new Map([['commands.0', await place(30)]])), { purged: 0, fullness: result.fullness });
    t.equal((await (await trimmer(t, { keepMs: 0 })).trim(new Map([['commands.0', await place(25)]]))).purged, 5);
  });

  t.test('knows what lies behind each checkpoint, decided messages that are kept aside', async (t) => {
    await freshStream(operator, 'commands');
    await publish('commands.0', 5);
    await publish('commands.1', 5);
    const lanes = new LaneLook(await linkTo(t, nats.urlFor('command')));
    const look = async (...checkpoints: [LaneName, LanePosition | null][]) => Object.fromEntries(await lanes.waiting(new Map(checkpoints)));
    const storedAt = async (sequence: number) => (await operator.manager.streams.getMessage('COMMANDS', { seq: sequence })).time.getTime();
    t.same(
      await look(['commands.0', await place(2)], ['commands.1', null], ['commands.2', null], ['commands.3', await place(10)]),
      {
        'commands.0': { messages: 3, oldestAt: await storedAt(3) }, 'commands.1': { messages: 5, oldestAt: await storedAt(6) },
        'commands.2': { messages: 0, oldestAt: null }, 'commands.3': { messages: 0, oldestAt: null },
      },
    );
    t.match(await look(['commands.0', { incarnation: 'another', sequence: 4 }]), { 'commands.0': { messages: 5 } }, 'nothing of another incarnation is decided');
    t.ok(await lanes.fullness() > 0);
    await deleteStream(operator, 'commands');
    t.same(await look(['commands.0', null]), { 'commands.0': { messages: 0, oldestAt: null } });
    t.equal(await lanes.fullness(), 0);
  });

  t.test('takes out everything decided at once when the stream fills up', async (t) => {
    await freshStream(operator, 'commands', { commandsMaxBytes: 20_000 });
    await publish('commands.0', 12, 1500);
    const result = await (await trimmer(t)).trim(new Map([['commands.0', await place(10)]]));
    t.equal(result.purged, 10);
    t.ok(result.fullness < 0.3);
    t.same(await left(), { 'crm.commands.0': 2 });
  });

  t.test('touches nothing of another incarnation, nor beyond the end', async (t) => {
    await freshStream(operator, 'commands');
    await publish('commands.0', 5);
    const all = await trimmer(t, { keepMs: 0 });
    t.equal((await all.trim(new Map([['commands.0', { incarnation: 'another', sequence: 5 }]]))).purged, 0);
    t.equal((await all.trim(new Map([['commands.0', await place(50)]]))).purged, 0);
    await deleteStream(operator, 'commands');
    t.same(await all.trim(new Map([['commands.0', { incarnation: 'another', sequence: 5 }]])), { purged: 0, fullness: 0 });
  });
});
