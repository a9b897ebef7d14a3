import t from 'tap';
import { UnavailableError, ValidationError } from '@clientele/contracts';
import { clockOf } from '@clientele/domain';
import type { Rescheduled, TakenRead } from '@clientele/event-store';
import { CIRCUIT_OPEN, ProviderError, type BreakerState, type Reading, type RecordSource } from '@clientele/providers';
import { createLogger, createMetrics } from '@clientele/service-kit';
import { eventually } from '@clientele/testing';
import { lossAlarm } from '../src/lanes/lost-changes.ts';
import { PlanMetrics } from '../src/plans/plan-metrics.ts';
import type { SourceQuota } from '../src/quota/governor.ts';
import { ReadMetrics } from '../src/reading/read-metrics.ts';
import { readFailure } from '../src/reading/read-failures.ts';
import { untilLetGo } from '../src/reading/held-back.ts';
import { ReaderBoard } from '../src/reading/reader-board.ts';
import { ReadingPublisher } from '../src/reading/reading-publisher.ts';
import { SourceReader } from '../src/reading/source-reader.ts';
import { mayBePurged, unseenAgain } from '../src/reading/unseen-records.ts';
import type { Command } from '@clientele/contracts';
import type { ReadableSource } from '../src/sources/source-book.ts';

const HOUR_MS = 3_600_000;
const NOW = new Date('2025-04-24T10:00:00Z');
const since = clockOf({ commitTime: NOW.getTime() - 60_000, commitNumber: '1', sequenceNumber: 1, changeId: 'change' });
const window = { from: '2025-04-24T09:59:59.000Z', until: '2025-04-24T10:00:00.999Z' };

function wanted(externalId: string, more: Partial<TakenRead> = {}): TakenRead {
  return {
    source: 'crm:1', provider: 'crm', entity: 'Account', externalId, reason: 'gap', lane: 'gap', since, attempts: 1, requestedAt: NOW.toISOString(),
    taking: 'now', ...more,
  };
}

function found(id: string): Reading {
  return { kind: 'found', entity: 'Account', id, fields: { Name: id }, whole: true, changedAt: null, window };
}

interface Call {
  readonly operation: string;
  readonly ids: readonly string[];
}

/** A reader of what is given to it, on a source that answers as it is told. */
async function read(reads: readonly TakenRead[], answer: (call: Call) => readonly Reading[], { spend = async () => true, breaker = 'closed' as const }: {
  spend?: SourceQuota['spend']; breaker?: BreakerState['state'];
} = {}) {
  const calls: Call[] = [];
  let breakerNow: BreakerState['state'] = breaker;
  const ask = (operation: string, ids: readonly string[]): readonly Reading[] => {
    calls.push({ operation, ids });
    return answer({ operation, ids });
  };
  const records: Partial<RecordSource> = {
    fetchOne: async (_, id) => ({ ...(ask('one', [id])[0] ?? { kind: 'not_found', entity: 'Account', id, window }), calls: 1 }),
    fetchMany: async (_, ids) => ({ readings: ask('many', ids), calls: 1 }),
    survivors: async (_, ids) => ({ readings: ask('survivors', ids), calls: 1 }),
    deletedSince: async () => ({ readings: ask('deleted', []), next: null, calls: 1 }),
    breaker: () => ({ state: breakerNow, failures: 0, retryAt: null }),
  };
  const quota: SourceQuota = { spend, allows: async () => true, status: async () => { throw new Error('not asked'); } };
  const source: ReadableSource = { id: 'crm:1', provider: 'crm', records: records as RecordSource, quota, marginMs: 2000, entities: ['Account'] };
  const sent: Command[] = [];
  const putBack: Rescheduled[] = [];
  const board = new ReaderBoard();
  let left = [...reads];
  let turns = 0;
  let bugs = 0;
  const reader = new SourceReader({
    source, board,
    queue: {
      take: async () => {
        turns += 1;
        const taken = left;
        left = [];
        return taken;
      },
      putBack: async (back) => void putBack.push(...back),
    },
    publisher: new ReadingPublisher({ dispatcher: { dispatch: async (commands) => void sent.push(...commands) }, drawNumbers: async () => 7, now: () => NOW, faultPoint: () => {} }),
    metrics: new ReadMetrics(createMetrics('command'), { readable: () => [source] }, board),
    logger: createLogger('command', { LOG_LEVEL: 'silent' }),
    now: () => NOW,
    onBug: () => { bugs += 1; },
  });
  const ended = new AbortController();
  const running = reader.run(ended.signal);
  const { state } = await eventually('all is read', () => ({ turns, state: board.of('crm:1').state, sent: sent.length + putBack.length }), {
    until: (now) => now.sent >= reads.length && (now.turns > 1 || now.state.kind !== 'reading'),
  });
  breakerNow = 'closed';
  if (breaker !== 'closed') await eventually('it goes on', () => turns, { until: (now) => now > 1 });
  ended.abort();
  await running;
  return { calls, sent, putBack, state, bugs: () => bugs };
}

t.test('a count that an alarm rests on is there before it rises, for else its first increase would not show', async (t) => {
  const [metrics, logger] = [createMetrics('command'), createLogger('command', { LOG_LEVEL: 'silent' })];
  const records: Partial<RecordSource> = { breaker: () => ({ state: 'closed', failures: 0, retryAt: null }) };
  const sources = { readable: () => [{ id: 'crm:1', records } as ReadableSource] };
  new ReadMetrics(metrics, sources, new ReaderBoard());
  new PlanMetrics(metrics, sources);
  lossAlarm(metrics, logger, ['commands.0', 'quarantine.crm']);
  const text = await metrics.registry.metrics();
  for (const series of ['reads_total{source="crm:1",result="given_up"', 'plans_ended_total{source="crm:1",kind="repair",state="failed"', 'lost_total{lane="commands.0"', 'lost_total{lane="quarantine.crm"']) {
    t.match(text, `clientele_${series},service="command"} 0\n`);
  }
});

t.test('what is found goes to the record\'s lane, by the provider\'s clock', async (t) => {
  const { calls, sent, putBack } = await read([wanted('A'), wanted('B', { reason: 'missing_create' })], ({ ids }) => ids.map(found));
  t.same(calls, [{ operation: 'many', ids: ['A', 'B'] }]);
  t.same(putBack, []);
  t.match(sent, [
    { type: 'RecordRead', source: 'crm:1', external_id: 'A', cause: 'gap', read: { from: window.from, until: '2025-04-24T10:00:00.000Z', number: 7 }, result: 'found', data: { Name: 'A' } },
    { external_id: 'B', cause: 'missing_create', read: { number: 8 }, commandId: /^20250424-[A-Za-z0-9_-]{27}$/ },
  ]);
});

t.test('losers are looked up for their survivor, and one that lives again is read', async (t) => {
  const { calls, sent } = await read([wanted('A', { reason: 'survivor' }), wanted('B', { reason: 'survivor' })], ({ operation }) => (
    operation === 'survivors' ? [{ kind: 'deleted', entity: 'Account', id: 'A', survivorId: 'W', window }, { kind: 'not_yet_visible', entity: 'Account', id: 'B', window }] : [found('B')]
  ));
  t.same(calls.map(({ operation }) => operation), ['survivors', 'one']);
  t.match(sent, [{ external_id: 'A', result: 'deleted', survivor_id: 'W', data: {} }, { external_id: 'B', result: 'found' }]);
});

t.test('one bad record does not keep others from being read', async (t) => {
  const { sent, putBack } = await read(['A', 'B', 'bad', 'C', 'D'].map((id) => wanted(id)), ({ ids }) => {
    if (ids.includes('bad')) throw new ValidationError('bad is no id');
    return ids.map(found);
  });
  t.same(sent.map((command) => command.type === 'RecordRead' && command.external_id).sort(), ['A', 'B', 'C', 'D']);
  t.match(putBack, [{ read: { externalId: 'bad' }, giveUp: true, error: 'bad is no id' }]);
});

t.test('a failure of the source puts back what was taken, without blame', async (t) => {
  const reads = [wanted('A', { attempts: 3 }), wanted('L', { entity: 'Lead', attempts: 1 })];
  const until = new Date(NOW.getTime() + 77_000);
  const { putBack, state, calls } = await read(reads, () => {
    throw new ProviderError('rate_limited', 'too many', { retryAt: until });
  });
  t.equal(calls.length, 1, 'what is left is not even tried');
  t.match(putBack, [{ read: { externalId: 'A' }, attempts: 2, notBefore: NOW }, { read: { externalId: 'L' }, attempts: 0, notBefore: NOW }]);
  t.match(state, { kind: 'rate_limited', until });
});

t.test('who was held back by the breaker goes on as soon as another one\'s trial closed it', async (t) => {
  const retryAt = new Date(NOW.getTime() + 30_000);
  let isHeldBack = true;
  const { putBack, state } = await read([wanted('A')], () => {
    if (isHeldBack) throw new ProviderError('unavailable', 'not asked', { code: CIRCUIT_OPEN, retryAt });
    return [found('A')];
  }, { breaker: 'half_open' });
  isHeldBack = false;
  t.match(state, { kind: 'unavailable', until: retryAt });
  t.match(putBack, [{ read: { externalId: 'A' }, notBefore: NOW, attempts: 0 }], 'due at once: it is the reader that waits');
});

t.test('a plan that was held back waits no longer than the breaker is open; what fails otherwise, its time', async (t) => {
  const states: BreakerState['state'][] = ['half_open', 'closed'];
  const breaker = (): BreakerState => ({ state: states.shift() ?? 'closed', failures: 0, retryAt: null });
  const stopped = new AbortController();
  await untilLetGo(new ProviderError('unavailable', 'not asked', { code: CIRCUIT_OPEN }), HOUR_MS, { breaker }, stopped.signal);
  t.strictSame(states, []);
  const waiting = untilLetGo(new ProviderError('unavailable', 'a 500'), HOUR_MS, { breaker }, stopped.signal);
  setImmediate(() => { stopped.abort(); });
  await t.rejects(waiting, { name: 'AbortError' });
});

t.test('reads whose part of the quota is used up let others pass', async (t) => {
  const { sent, putBack, state } = await read(
    [wanted('R', { lane: 'repair', entity: 'Lead' }), wanted('A', { lane: 'live', reason: 'window' })],
    ({ ids }) => ids.map(found), { spend: async (lane) => lane !== 'repair' },
  );
  t.match(sent, [{ external_id: 'A' }]);
  t.match(putBack, [{ read: { externalId: 'R' }, attempts: 0 }]);
  t.match(state, { kind: 'reading' });
});

t.test('a bug concerns the records at hand alone', async (t) => {
  const { putBack, sent, bugs } = await read([wanted('A'), wanted('L', { entity: 'Lead' })], ({ ids }) => {
    if (ids.includes('A')) throw new TypeError('undefined is not a function');
    return ids.map(found);
  });
  t.match(putBack, [{ read: { externalId: 'A' } }]);
  t.equal(sent.length, 1);
  t.equal(bugs(), 1);
});

t.test('a record that does not show is asked for again, ever more seldom, and looked for among the purged', async (t) => {
  const attempts = Array.from({ length: 29 }, (_, nth) => wanted('A', { attempts: nth + 1 }));
  const waits = attempts.map((one) => (unseenAgain(one, '', NOW).notBefore.getTime() - NOW.getTime()) / 1000);
  t.same(waits.slice(0, 6), [2, 10, 60, 600, 3600, 3600]);
  t.same(attempts.filter((one) => unseenAgain(one, '', NOW).giveUp).length, 1, 'after a day');
  t.same(attempts.flatMap((one) => (mayBePurged(one) ? [one.attempts] : [])), [5, 29]);

  const { calls, sent, putBack } = await read([wanted('A', { attempts: 5 }), wanted('B', { attempts: 1 })], ({ operation, ids }) => (
    operation === 'deleted' ? [{ kind: 'deleted', entity: 'Account', id: 'A', survivorId: null, window }] : ids.map((id) => ({ kind: 'not_found', entity: 'Account', id, window }))
  ));
  t.same(calls.map(({ operation }) => operation), ['many', 'deleted']);
  t.match(sent, [{ external_id: 'A', result: 'deleted' }]);
  t.match(putBack, [{ read: { externalId: 'B' }, error: 'not_found' }]);
});

t.test('every way of failing has its wait', async (t) => {
  const after = (error: unknown, failures = 0) => {
    const failure = readFailure(error, failures, NOW);
    return failure.kind === 'pause' ? `${failure.state} ${(failure.until.getTime() - NOW.getTime()) / 1000}` : failure.kind;
  };
  const retryAt = new Date(NOW.getTime() + 45_000);
  const cases: [unknown, number, string][] = [
    [new ProviderError('rate_limited', ''), 0, 'rate_limited 60'],
    [new ProviderError('rate_limited', '', { retryAt }), 9, 'rate_limited 45'],
    [new ProviderError('unauthorised', ''), 0, 'unauthorised 60'],
    [new ProviderError('unauthorised', ''), 2, 'unauthorised 240'],
    [new ProviderError('unauthorised', ''), 30, 'unauthorised 900'],
    [new ProviderError('unavailable', ''), 1, 'unavailable 2'],
    [new ProviderError('unavailable', ''), 30, 'unavailable 30'],
    [new ProviderError('unavailable', '', { retryAt }), 1, 'unavailable 45'],
    [new ProviderError('unavailable', '', { retryAt: new Date(NOW.getTime() + 2_000), code: CIRCUIT_OPEN }), 9, 'unavailable 2'],
    [new ProviderError('not_found', ''), 0, 'refused'],
    [new ProviderError('invalid', ''), 0, 'refused'],
    [new ValidationError(''), 0, 'refused'],
    [new UnavailableError(''), 0, 'hold'],
  ];
  for (const [error, failures, expected] of cases) t.equal(after(error, failures), expected);
  t.throws(() => readFailure(new TypeError('a bug'), 0, NOW), /a bug/);
});
