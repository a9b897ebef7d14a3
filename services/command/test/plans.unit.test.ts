import t from 'tap';
import { ClientDomainService, clockOf, initialRecord, readMark, type AggregateDefinition, type Change, type RecordState } from '@clientele/domain';
import { ProviderError, type Reading, type RecordSource } from '@clientele/providers';
import { causeOf, differenceOf, systematicPaths, type Difference } from '../src/plans/comparison/compare-record.ts';
import { estimate } from '../src/plans/comparison/drift-score.ts';
import { findDrift } from '../src/plans/comparison/find-drift.ts';
import { hardDeletions } from '../src/plans/comparison/hard-deletions.ts';
import { loadPlan, planId, reconciliationPlan, repairPlan } from '../src/plans/new-plans.ts';
import { BEGINNING, planCursor, type Place } from '../src/plans/plan-cursor.ts';
import { byEntity, counted, sumOf } from '../src/plans/plan-tally.ts';
import { coveredBy, inOrder } from '../src/plans/plan-order.ts';
import type { ReadingPlan } from '../src/plans/plan-params.ts';
import { tasksOf } from '../src/plans/plan-tasks.ts';
import { turnAt } from '../src/plans/schedule.ts';
import { restAfter } from '../src/plans/source-work.ts';
import { held as completenessOf } from '../src/plans/steps/completeness.ts';
import type { StepContext, StepResult } from '../src/plans/steps/step.ts';

const T = Date.parse('2025-04-24T10:00:00.000Z');
const KEY = { source: 's', entity: 'Account', externalId: '1' };
const DEFINITION: AggregateDefinition = {
  type: 'client', statusPaths: [], statusValues: null, silentStatuses: [], announceWithdrawal: true, names: {}, references: {}, personal: [], conversion: null,
};

/** A record after changes, each `[ms after T, kind, fields]`. */
function record(...changes: readonly [number, Change['kind'], Record<string, string | number | null>][]): RecordState {
  let state = initialRecord;
  for (const [at, kind, fields] of changes) {
    const change: Change = {
      id: `c${at}`, kind, key: KEY, clock: clockOf({ commitTime: T + at, commitNumber: '1', sequenceNumber: 1, changeId: `c${at}` }),
      fields: Object.entries(fields).map(([path, value]) => ({ path, value })), occurredAt: new Date(T + at).toISOString(),
    };
    state = ClientDomainService.processCrmEvent(change, state, DEFINITION).stateAfter;
  }
  return state;
}

function looked(state: RecordState, at: number, fields: Record<string, string | null>): RecordState {
  const time = new Date(T + at).toISOString();
  const reading = {
    id: `r${at}`, key: KEY, mark: readMark({ from: time, until: time, number: 1, id: `r${at}` }), result: 'found' as const, survivor: null,
    fields: Object.entries(fields).map(([path, value]) => ({ path, value })), occurredAt: time,
  };
  return ClientDomainService.processRecordRead(reading, state, DEFINITION).stateAfter;
}

type Found = Extract<Reading, { kind: 'found' }>;
const window = (at: number) => ({ from: new Date(T + at - 100).toISOString(), until: new Date(T + at).toISOString() });

function found(at: number, changedAt: number | null, fields: Found['fields'], id = '1'): Found {
  return { kind: 'found', entity: 'Account', id, window: window(at), fields, whole: true, changedAt: changedAt === null ? null : new Date(T + changedAt).toISOString() };
}

function deleted(at: number): Reading & { kind: 'deleted' } {
  return { kind: 'deleted', entity: 'Account', id: '1', window: window(at), survivorId: null };
}

const HOUR = 3_600_000;

t.test('what counts as a difference', async (t) => {
  const known = record([0, 'create', { Name: 'A', 'Address.City': 'Bern', Amount: 100.5 }]);
  const paths = (reading: Parameters<typeof differenceOf>[0], state: RecordState | null) => differenceOf(reading, state)?.paths ?? null;
  t.equal(paths(found(HOUR, 0, { Name: 'A', Address: { City: 'Bern', Street: null }, Amount: 100.5, Other: null }), known), null, 'nothing and null are the same');
  t.strictSame(paths(found(HOUR, 0, { Name: 'B', Address: { City: null }, Amount: 100.5 }), known), ['Name', 'Address.City']);
  t.equal(paths(found(HOUR, 0, { Name: 'A' }), known), null, 'what was not asked for is not compared');
  t.equal(paths(found(-1, -2, { Name: 'B' }), known), null, 'ours is of a later time than the look');
  t.strictSame(paths(found(HOUR, 0, {}), null), [], 'we do not know it');
  t.equal(paths(deleted(HOUR), null), null, 'a deletion of what we do not know is none of ours');
  t.strictSame(paths(deleted(HOUR), known), [], 'it lives with us alone');
  const gone = record([0, 'create', { Name: 'A' }], [HOUR, 'delete', {}]);
  t.equal(paths(deleted(2 * HOUR), gone), null);
  t.equal(paths(found(HOUR / 2, 0, { Name: 'A' }), gone), null, 'it was deleted after the look');
  t.strictSame(paths(found(2 * HOUR, 0, { Name: 'A' }), gone), [], 'it lives there alone');
});

t.test('why a record differs', async (t) => {
  const cause = (reading: Found, state: RecordState | null, systematic: readonly string[] = []): string => {
    const difference = differenceOf(reading, state);
    return difference === null ? 'none' : causeOf(difference, new Set(systematic));
  };
  const known = record([0, 'create', { Name: 'A' }]);
  t.equal(cause(found(3 * HOUR, HOUR, { Name: 'B' }), known), 'missed', 'its last change is one that we have not');
  t.equal(cause(found(3 * HOUR, null, { Name: 'B' }), known), 'missed');
  t.equal(cause(found(3 * HOUR, HOUR, {}), null), 'missed');
  t.equal(cause(found(3 * HOUR, 3 * HOUR - 5_000, { Name: 'B' }), known), 'late', 'it may be on its way');
  t.equal(cause(found(3 * HOUR, HOUR, { Name: 'B' }), record([0, 'create', { Name: 'A' }], [HOUR, 'gap_update', {}])), 'gap', 'we know of our doubt');
  const read = looked(known, 2 * HOUR, { Name: 'A' });
  t.equal(cause(found(3 * HOUR, HOUR, { Name: 'B' }), read), 'late', 'stamped before a look that did not see it');
  t.equal(cause(found(9 * HOUR, 3 * HOUR, { Name: 'B' }), read), 'missed');
  t.equal(cause(found(3 * HOUR, 0, { Name: 'B', Score: 1 }), known, ['Name', 'Score']), 'mapping', 'we have seen its last change, and many differ there');
  t.equal(cause(found(3 * HOUR, 0, { Name: 'B', Score: 1 }), known, ['Score']), 'missed');
  t.equal(cause(found(3 * HOUR, HOUR, { Score: 1 }), known, ['Score']), 'missed', 'a change that we have not seen is missed, wherever');
  const differences = Array.from({ length: 30 }, (): Difference => ({ reading: found(HOUR, 0, {}), state: known, paths: ['Score'] }));
  t.strictSame([...systematicPaths(differences, 100)], ['Score']);
  t.strictSame([...systematicPaths(differences, 1000)], [], 'few among many');
  t.strictSame([...systematicPaths(differences.slice(0, 10), 10)], [], 'few');
});

t.test('a change that is on its way is given a moment', async (t) => {
  const before = record([0, 'create', { Name: 'A' }]);
  const after = record([0, 'create', { Name: 'A' }], [HOUR, 'update', { Name: 'B' }]);
  const readings = [found(HOUR + 1000, HOUR, { Name: 'B' }), found(HOUR + 1000, 0, { Name: 'X' }, '2')];
  const asked: (readonly string[])[] = [];
  const options = (now: RecordState) => ({
    again: async (ids: readonly string[]) => { asked.push(ids); return new Map([['1', now]]); }, signal: new AbortController().signal, graceMs: 1,
  });
  const held = new Map([['1', before], ['2', before]]);
  t.strictSame((await findDrift(readings, held, options(after))).map(({ reading, cause }) => [reading.id, cause]), [['2', 'missed']]);
  t.strictSame(asked, [['1']], 'the other one is long settled');
  t.strictSame((await findDrift(readings, held, options(before))).map(({ reading, cause }) => [reading.id, cause]), [['2', 'missed'], ['1', 'late']]);
});

t.test('a score and its confidence', async (t) => {
  t.equal(estimate(0, 0), null);
  t.match(estimate(0, 400), { score: 0, low: 0 });
  const rounded = ({ low, high }: { low: number; high: number }) => [low.toFixed(4), high.toFixed(4)];
  // Wilson's interval as tables have it.
  t.strictSame(rounded(estimate(5, 100) ?? { low: 0, high: 0 }), ['0.0215', '0.1118']);
  t.strictSame(rounded(estimate(50, 100) ?? { low: 0, high: 0 }), ['0.4038', '0.5962']);
  t.match(estimate(7, 7), { score: 1, high: 1 });
});

t.test('plans: what they are, and that the same is one', async (t) => {
  const source = { id: 'salesforce:1', provider: 'salesforce', entities: ['Account', 'Lead'] };
  t.match(planId('a', 'b'), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.not(planId('a', 'b'), planId('ab', ''));
  t.strictSame(loadPlan(source), loadPlan(source));
  const clock = clockOf({ commitTime: T, commitNumber: '1', sequenceNumber: 0, changeId: 'x' });
  const gap = { kind: 'entity_gap' as const, source: source.id, entity: 'Lead', clock, detail: '', stamped: true };
  const repair = repairPlan(gap, { commandId: 'x', provider: 'salesforce' });
  t.match(repair, { kind: 'repair', cause: 'x', entity: 'Lead', params: { entities: ['Lead'], since: '2025-04-24T09:00:00.000Z', deletedSince: '2025-04-24T09:00:00.000Z' } });
  t.match(repairPlan({ ...gap, stamped: false }, { commandId: 'x', provider: 'salesforce' }), { id: repair.id, params: { since: null } });
  const names = (kind: Parameters<typeof tasksOf>[0], mode: 'full' | 'sample' | null = null) => tasksOf(kind, { entities: source.entities, mode }).map(({ stage, entity }) => `${stage} ${entity}`);
  t.strictSame(names('load'), ['total Account', 'total Lead', 'changed Account', 'changed Lead', 'settle Account', 'held Account', 'settle Lead', 'held Lead']);
  t.strictSame(names('reconciliation', 'sample'), ['sample Account', 'sample Lead']);
  t.strictSame(names('reconciliation', 'full').slice(2, 6), ['gone Account', 'settle Account', 'ours Account', 'theirs Account']);
  t.match(reconciliationPlan({ ...source, entities: ['Lead'] }, { id: 'i', mode: 'full', records: 5, cause: 'c', requestedBy: 'r' }), { entity: 'Lead', params: { records: null } });
  t.throws(() => planCursor({ task: -1 }), TypeError);
});

t.test('what is done first, and what goes with it', async (t) => {
  const made = (id: string, kind: ReadingPlan['kind'], since: string | null, more: Partial<ReadingPlan> = {}): ReadingPlan => ({
    id, kind, source: 's', provider: 'p', entity: null, cause: '', requestedBy: '', state: 'running', cursor: null, counters: {}, finishedAt: null,
    createdAt: new Date(T), updatedAt: new Date(T), params: { entities: ['Account'], since, deletedSince: since, until: null, mode: null, records: null }, ...more,
  });
  const wide = made('wide', 'repair', null, { createdAt: new Date(T + 2), params: { ...made('', 'repair', null).params, deletedSince: '2025-01-01T00:00:00Z' } });
  const narrow = made('narrow', 'repair', '2025-02-01T00:00:00Z');
  const older = made('older', 'repair', '2024-02-01T00:00:00Z', { createdAt: new Date(T + 1) });
  const begun = made('begun', 'repair', '2025-03-01T00:00:00Z', { cursor: { ...BEGINNING, task: 1 } });
  const lead = made('lead', 'repair', '2025-02-01T00:00:00Z', { params: { ...narrow.params, entities: ['Lead'] } });
  const plans = [made('load', 'load', null), made('window', 'window', '2025-01-01T00:00:00Z'), narrow, lead, older, wide, begun, made('compare', 'reconciliation', null)];
  t.strictSame(inOrder(plans).map(({ id }) => id), ['begun', 'wide', 'older', 'narrow', 'lead', 'window', 'load', 'compare']);
  t.strictSame(coveredBy(wide, plans), ['narrow'], 'the older asks for deletions of before');
  t.strictSame(coveredBy(older, plans), ['narrow']);
  t.strictSame(coveredBy(begun, plans), [], 'it has read already');
  const trouble = { message: 'no quota', until: null };
  const waiting = plans.map((plan) => (plan.cursor === null ? { ...plan, cursor: { ...BEGINNING, trouble } } : plan));
  t.strictSame(inOrder(waiting).map(({ id }) => id), inOrder(plans).map(({ id }) => id), 'to wait is not to have begun');
  t.strictSame(coveredBy({ ...wide, cursor: { ...BEGINNING, trouble } }, waiting), ['narrow']);
  t.strictSame(coveredBy(made('load', 'load', null), plans), []);
});

t.test('counts', async (t) => {
  const tally = counted(counted({ calls: 1 }, { add: { calls: 2, 'Account:read': 5 } }), { set: { 'Account:total': 9, 'Lead:total': 1 }, add: { 'Account:read': 1 } });
  t.strictSame(tally, { calls: 3, 'Account:read': 6, 'Account:total': 9, 'Lead:total': 1 });
  t.equal(sumOf(tally, 'total'), 10);
  t.equal(sumOf(tally, 'nothing'), null);
  t.strictSame(byEntity(tally), { Account: { read: 6, total: 9 }, Lead: { total: 1 } });
});

t.test('each source has its turn at a time of its own, and once', async (t) => {
  const day = 24 * HOUR;
  const turns = ['a', 'b', 'c', 'd'].map((source) => turnAt(source, 'full', day, T));
  t.equal(new Set(turns.map((turn) => (turn?.beginsAt ?? 0) % day)).size, 4);
  for (const turn of turns) t.ok(turn !== null && turn.beginsAt <= T && turn.beginsAt > T - day);
  t.equal(turnAt('a', 'full', 0, T), null);
  const [first] = turns;
  const begins = first?.beginsAt ?? 0;
  t.strictSame([begins - 1, begins, begins + day - 1, begins + day].map((at) => (turnAt('a', 'full', day, at)?.number ?? 0) - (first?.number ?? 0)), [-1, 0, 0, 1]);
});

t.test('a provider that refuses is not asked more often for it', async (t) => {
  const after = (error: unknown) => restAfter(error, 300_000, T);
  t.equal(after(new ProviderError('unavailable', 'away')), 5_000);
  t.equal(after(new ProviderError('unavailable', 'away', { retryAt: new Date(T + 30_000) })), 30_000);
  t.equal(after(new ProviderError('rate_limited', 'too many', { retryAt: new Date(T + 60_000) })), 300_000);
  t.equal(after(new ProviderError('rate_limited', 'too many', { retryAt: new Date(T + 3_600_000) })), 3_600_000);
  t.equal(after(new ProviderError('unauthorised', 'refused')), 300_000);
  t.equal(after(new TypeError('a bug')), 5_000);
});

t.test('records that are not shown count as deleted only where they are few, and where others are shown', async (t) => {
  const look = async (count: number, asked: number, shown: Reading['kind'] = 'not_yet_visible') => {
    const absent = Array.from({ length: count }, (_, n) => `gone ${n}`);
    const records: Partial<RecordSource> = {
      survivors: async (_, ids) => ({
        calls: 1, readings: ids.map((id) => ({ kind: id === 'alive' ? shown : 'not_found', entity: 'Account', id, window: window(0) } as Reading)),
      }),
    };
    const context = { source: { records }, entity: 'Account', ask: async <A>(_: number, question: () => Promise<A>) => await question() } as unknown as StepContext;
    const { deleted, hidden } = await hardDeletions(context, absent, asked, ['alive']);
    return [deleted.filter(({ kind }) => kind === 'deleted').length, hidden];
  };
  t.strictSame(await look(20, 60), [20, 0], 'so few are believed at any rate');
  t.strictSame(await look(21, 60), [0, 21], 'a third at once: it is our permissions');
  t.strictSame(await look(40, 200), [40, 0], 'a fifth is believed');
  t.strictSame(await look(41, 200), [0, 41]);
  t.strictSame(await look(2, 200, 'not_found'), [0, 2], 'what lives is not shown either: the query tells nothing');
});

t.test('a load is complete when each record is held that the provider lists, whatever happens meanwhile', async (t) => {
  const whole = record([0, 'create', { Name: 'A' }]);
  const ours = new Map(['1', '2', '3', '5'].map((id): [string, RecordState] => [id, whole]));
  ours.set('3', record([0, 'update', { Name: 'A' }]));
  const records: Partial<RecordSource> = {
    list: async (_, { after }) => (after === null ? { ids: ['1', '2', '3', '4'], next: 'page 2', calls: 1 } : { ids: ['5', '6', '7'], next: null, calls: 1 }),
    survivors: async (_, ids) => ({ calls: 1, readings: ids.map((id) => (id === '6' ? { ...deleted(0), id } : { kind: 'not_yet_visible', entity: 'Account', id, window: window(0) })) }),
  };
  const held = { without: async (_: string, __: string, ids: readonly string[], isWanted: (state: RecordState) => boolean) => ids.filter((id) => !isWanted(ours.get(id) ?? initialRecord)) };
  const context = {
    source: { id: 's', records }, entity: 'Account', held, ask: async <A>(_: number, question: () => Promise<A>) => await question(),
  } as unknown as StepContext;
  let place: Place | null = null;
  let tally = {};
  const pauses: number[] = [];
  const later: string[] = [];
  for (let step = 0; step < 20 && (step === 0 || place !== null); step += 1) {
    const result: StepResult = await completenessOf(context, place);
    if (pauses.length === 1) ours.set('3', whole).set('4', whole); // what was on its way came
    tally = counted(tally, { add: result.add ?? {}, set: result.set ?? {} });
    pauses.push(result.pauseMs ?? 0);
    later.push(...(result.later ?? []).map(({ id }) => id));
    place = result.place;
  }
  t.strictSame(tally, { provided: 6, held: 5, missing: 1 }, 'one was deleted since, one is not there');
  t.strictSame(later, ['7'], 'which is asked for by itself');
  t.strictSame(pauses, [500, 1000, 0, 500, 1000, 2000, 4000, 8000, 16_000, 0], 'others go on meanwhile');
});
