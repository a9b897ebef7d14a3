import { decodeEnvelope, type EventDispatcher } from '@clientele/contracts';
import { connectSource, migrateWriteDatabase } from '@clientele/event-store';
import { connectNats, ensureTopology, JetStreamDispatcher, JetStreamLaneFeed } from '@clientele/messaging';
import type { RecordSource } from '@clientele/providers';
import { createPool } from '@clientele/service-kit';
import { startNats, startPostgres } from '@clientele/testing';
import t from 'tap';
import { SendReadings, type SendReadingsParts } from '../src/plans/send-readings.ts';
import type { SourceQuota } from '../src/quota/governor.ts';
import type { Sendable } from '../src/plans/steps/step.ts';
import type { ReadableSource } from '../src/sources/source-book.ts';

const SOURCE = 'salesforce:00D5f000005KcCnEAK';

const postgres = await startPostgres();
const url = await postgres.createDatabase();
await migrateWriteDatabase(url);
const pool = createPool(url, { applicationName: 'test', max: 2 });
await connectSource(pool, SOURCE, 'salesforce');
t.teardown(async () => {
  await pool.end();
  await postgres.stop();
});

const source: ReadableSource = {
  id: SOURCE, provider: 'salesforce', records: {} as RecordSource, marginMs: 0, entities: ['Account'],
  quota: {} as SourceQuota,
};
const sending = { source, planId: 'plan-1', epoch: 1, signal: new AbortController().signal };
const told: unknown[] = [];

function sender(dispatcher: EventDispatcher, areDecided: SendReadingsParts['held']['areDecided']): SendReadings {
  return new SendReadings({
    dispatcher, pool, lanes: 1, now: Date.now, held: { areDecided },
    store: { commit: async () => await Promise.reject(new Error('nothing is put off here')) },
    logger: { warn: (...line: unknown[]) => void told.push(line) },
  });
}

t.test('the next readings go when those before are decided', async (t) => {
  const turns: string[] = [];
  const dispatcher: EventDispatcher = { dispatch: async (commands) => void turns.push(`${commands.length} sent`) };
  const readings = sender(dispatcher, async (commandIds) => {
    if (commandIds.length === 0) return true;
    turns.push('look');
    return turns.at(-2) === 'look';
  });
  const sent = await readings.send(Array.from({ length: 600 }, (_, n) => found(`${n}`, 'small')), [], sending);
  t.same(turns, ['250 sent', 'look', 'look', '250 sent', 'look', 'look', '100 sent']);
  t.equal(sent.length, 1, 'the last command of the one lane');
});

t.test('a reading that the broker can never take is told and left out; those beside it go', async (t) => {
  const nats = await startNats({ syncAlways: false, maxPayload: '64KB' });
  await ensureTopology(nats.url, { lanes: 1 });
  const link = await connectNats({ url: nats.url, name: 'test' });
  const dispatcher = new JetStreamDispatcher({ link, lanes: 1 });
  t.teardown(async () => {
    await dispatcher.close();
    await link.close();
    await nats.stop();
  });
  const readings = sender(dispatcher, async () => await Promise.resolve(true));
  const sent = await readings.send([found('1', 'small'), found('2', 'x'.repeat(70_000)), found('3', 'small too')], [], sending);

  t.equal(sent.length, 1, 'the last command of the one lane');
  t.match(told, [[{ record: '2' }, 'a record is too large for the broker']]);
  const stored: string[] = [];
  const stop = new AbortController();
  for await (const { messages } of new JetStreamLaneFeed({ link }).read('commands.0', null, { signal: stop.signal })) {
    stored.push(...messages.flatMap(({ data }) => decodeEnvelope(data).commands.map((command) => String(Reflect.get(Object(command), 'external_id')))));
    if (stored.length >= 2) break;
  }
  t.same(stored, ['1', '3']);
});

function found(id: string, name: string): Sendable {
  const at = new Date().toISOString();
  return { cause: 'repair', reading: { kind: 'found', entity: 'Account', id, window: { from: at, until: at }, fields: { Name: name }, whole: true, changedAt: at } };
}
