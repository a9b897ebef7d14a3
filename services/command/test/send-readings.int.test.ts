import { decodeEnvelope } from '@clientele/contracts';
import { connectSource, migrateWriteDatabase } from '@clientele/event-store';
import { connectNats, ensureTopology, JetStreamDispatcher, JetStreamLaneFeed } from '@clientele/messaging';
import type { RecordSource } from '@clientele/providers';
import { createPool } from '@clientele/service-kit';
import { startNats, startPostgres } from '@clientele/testing';
import t from 'tap';
import { SendReadings } from '../src/plans/send-readings.ts';
import type { SourceQuota } from '../src/quota/governor.ts';
import type { Sendable } from '../src/plans/steps/step.ts';
import type { ReadableSource } from '../src/sources/source-book.ts';

const SOURCE = 'salesforce:00D5f000005KcCnEAK';

t.test('a reading that the broker can never take is told and left out; those beside it go', async (t) => {
  const [postgres, nats] = await Promise.all([startPostgres(), startNats({ syncAlways: false, maxPayload: '64KB' })]);
  const url = await postgres.createDatabase();
  await migrateWriteDatabase(url);
  await ensureTopology(nats.url, { lanes: 1 });
  const pool = createPool(url, { applicationName: 'test', max: 2 });
  const link = await connectNats({ url: nats.url, name: 'test' });
  const dispatcher = new JetStreamDispatcher({ link, lanes: 1 });
  t.teardown(async () => {
    await dispatcher.close();
    await link.close();
    await pool.end();
    await Promise.all([postgres.stop(), nats.stop()]);
  });
  await connectSource(pool, SOURCE, 'salesforce');
  const told: unknown[] = [];
  const readings = new SendReadings({
    dispatcher, pool, lanes: 1, now: Date.now,
    store: { commit: async () => await Promise.reject(new Error('nothing is put off here')) },
    held: { areDecided: async () => await Promise.resolve(true) },
    logger: { warn: (...line: unknown[]) => void told.push(line) },
  });
  const source: ReadableSource = {
    id: SOURCE, provider: 'salesforce', records: {} as RecordSource, marginMs: 0, entities: ['Account'],
    quota: {} as SourceQuota,
  };
  const sent = await readings.send([found('1', 'small'), found('2', 'x'.repeat(70_000)), found('3', 'small too')], [], {
    source, planId: 'plan-1', epoch: 1, signal: new AbortController().signal,
  });

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
