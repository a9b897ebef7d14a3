import { ProviderError, type RecordSource } from '@clientele/providers';
import type { Metrics } from '@clientele/service-kit';
import t from 'tap';
import { FeedSilence } from '../src/plans/feed-silence.ts';
import { feedAlarms, FeedWatch } from '../src/plans/feed-watch.ts';
import type { ReadableSource } from '../src/sources/source-book.ts';

const T = Date.parse('2025-04-24T10:00:00.000Z');
const HOUR = 3_600_000;

t.test('when a feed alarms', async (t) => {
  const relay = (status: string | null, error: string | null = null) => ({
    resource: 'r', status, lastRelayedAt: null,
    error: error === null ? null : { code: error, message: error, at: null },
  });
  t.strictSame(feedAlarms([], false), [], 'no account of it');
  t.strictSame(feedAlarms([relay('RUNNING')], false), []);
  t.strictSame(feedAlarms([relay('RUNNING')], true), ['silent']);
  t.strictSame(feedAlarms([relay('ERROR')], false), ['error']);
  t.strictSame(feedAlarms([relay('RUNNING', 'X')], false), ['error']);
  t.strictSame(feedAlarms([relay('STOP')], false), ['stopped']);
  t.strictSame(feedAlarms([relay('PAUSE', 'X')], true), ['error', 'stopped', 'silent']);
});

t.test('a feed is silent where something changed that it did not bring, not where nothing happens', async (t) => {
  let heard: Date | null = new Date(T);
  let changed = 0;
  let refuse: ProviderError | null = null;
  const asked: [string, Date | undefined, Date | undefined][] = [];
  const records: Partial<RecordSource> = {
    count: async (entity, stamped) => {
      asked.push([entity, stamped?.from, stamped?.to]);
      if (refuse !== null) throw refuse;
      return { count: entity === 'Lead' ? changed : 0, calls: 1, window: { from: new Date(T - 100).toISOString(), until: new Date(T).toISOString() } };
    },
  };
  const quota = { spend: async () => true, allows: async () => true, status: async () => { throw new Error('not asked'); } };
  const source: ReadableSource = { id: 's', provider: 'p', records: records as RecordSource, quota, marginMs: 2000, entities: ['Account', 'Lead'] };
  const silence = new FeedSilence({ heardAt: async () => heard, silentAfterMs: HOUR });
  t.notOk(await silence.isSilent(source, T + HOUR));
  t.strictSame(asked, [], 'not asked before its time');
  t.notOk(await silence.isSilent(source, T + HOUR + 1), 'nothing has happened');
  const to = new Date(T + HOUR + 1 - 300_000);
  t.strictSame(asked, [['Account', new Date(T + 10_000), to], ['Lead', new Date(T + 10_000), to]], 'after the last that was heard, and before what may be on its way');
  changed = 1;
  t.notOk(await silence.isSilent(source, T + HOUR + 60_000));
  t.equal(asked.length, 2, 'asked seldom');
  t.ok(await silence.isSilent(source, T + 2 * HOUR));
  heard = new Date(T + 2 * HOUR - 1);
  t.notOk(await silence.isSilent(source, T + 2 * HOUR), 'it speaks again');
  heard = null;
  silence.forget('s');
  t.notOk(await silence.isSilent(source, T + 9 * HOUR), 'never heard: from the first look on');
  t.notOk(await silence.isSilent(source, T + 10 * HOUR));
  t.ok(await silence.isSilent(source, T + 10 * HOUR + 1));
  refuse = new ProviderError('invalid', 'no such filter');
  t.ok(await silence.isSilent(source, T + 11 * HOUR), 'where nobody tells, time alone does');
  const poor = { ...source, quota: { ...quota, spend: async () => false } };
  changed = 0;
  refuse = null;
  t.ok(await silence.isSilent(poor, T + 12 * HOUR), 'what could not be asked stands as it was');
  t.notOk(await silence.isSilent(source, T + 12 * HOUR), 'and is asked as soon as it can be');
  refuse = new ProviderError('unavailable', 'away');
  await t.rejects(silence.isSilent(source, T + 13 * HOUR), ProviderError);
  t.notOk(await new FeedSilence({ heardAt: async () => heard, silentAfterMs: 0 }).isSilent(source, T + 99 * HOUR));
});

t.test('where the provider keeps no account of its feed, silence tells all the same', async (t) => {
  const alarms = new Map<string, number>();
  const gauge = () => ({ set: (labels: Record<string, string>, value: number) => alarms.set(labels['alarm'] ?? '', value), remove: (labels: Record<string, string>) => alarms.delete(labels['alarm'] ?? '') });
  let isSilent = false;
  let refusal = new ProviderError('invalid', 'no such object');
  const asked: number[] = [];
  const watch = new FeedWatch({
    metrics: { gauge } as unknown as Metrics, logger: { warn: () => {}, info: () => {} }, now: () => T,
    silence: { isSilent: async (_: ReadableSource, at: number) => (asked.push(at), isSilent), forget: () => {} } as unknown as FeedSilence,
  });
  const records: Partial<RecordSource> = { relayFeedback: async () => await Promise.reject(refusal) };
  const quota = { spend: async () => true, allows: async () => true, status: async () => { throw new Error('not asked'); } };
  const source: ReadableSource = { id: 's', provider: 'p', records: records as RecordSource, quota, marginMs: 2000, entities: ['Account'] };
  await watch.look(source);
  t.match(watch.of('s'), { alarms: [], relays: [] });
  isSilent = true;
  refusal = new ProviderError('not_found', 'not there');
  await watch.look(source);
  t.match(watch.of('s'), { alarms: ['silent'], relays: [] });
  t.strictSame(Object.fromEntries(alarms), { silent: 1 }, 'of the rest nothing is said');
  t.strictSame(asked, [T, T], 'by our clock');
  refusal = new ProviderError('unavailable', 'away');
  await t.rejects(watch.look(source), ProviderError);
});
