import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { dirtySince, doubtOf, effectiveFields, publicState, replay, survivorOf, type Json, type RecordState } from '../src/index.ts';
import { faults, type Fault } from './support/faults.ts';
import { Mirror } from './support/mirror.ts';
import { client } from './support/records.ts';
import { storyOf, type Deed, type Look, type OrgStory } from './support/model-org.ts';

/** How many histories are tried. */
const RUNS = Number(process.env['CONVERGENCE_RUNS'] ?? 4000);
const SEED = Number(process.env['CONVERGENCE_SEED'] ?? 20_260_507);

const value: fc.Arbitrary<Json> = fc.constantFrom<Json[]>('a', 'b', 'c', null, 1);
const chance = (percent: number): fc.Arbitrary<boolean> => fc.nat(99).map((n) => n < percent);
const deed: fc.Arbitrary<Deed> = fc.record({
  what: fc.constantFrom<Deed['what'][]>('put', 'put', 'put', 'put', 'put', 'put', 'delete', 'merge', 'touch'),
  body: fc.record({ Name: value, Phone: value, Street: value, City: value }, { requiredKeys: [] }),
  noAddress: chance(15),
  text: fc.constantFrom('whole', 'line', 'line', null, null),
  wait: fc.constantFrom(0, 5, 40, 300, 300, 900, 1300, 4000),
  held: fc.constantFrom(0, 0, 300, 1000),
  lost: chance(20),
});
const look: fc.Arbitrary<Look> = fc.record({
  start: fc.nat(1000), duration: fc.constantFrom(0, 80, 700, 3000), instant: fc.nat(100), fieldsOfDeleted: fc.boolean(),
});
/** What the feed does to each thing that it brings: how far it falls behind, whether it comes twice, whether it comes when all seemed over. */
const fate = fc.record({ behind: fc.oneof(fc.constant(0), fc.nat(30)), again: chance(12), late: chance(10) });

/** A history in which nothing asks for a look, which would hide many a fault. */
function calmed(history: History): History {
  return { ...history, isOld: false, deeds: history.deeds.map((deed) => ({ ...deed, what: 'put', lost: false, text: deed.text === 'line' ? null : deed.text })) };
}

/** One in which the record is never deleted, so that no survivor is looked for. */
function undying(history: History): History {
  return { ...history, deeds: history.deeds.map((deed) => (deed.what === 'touch' ? deed : { ...deed, what: 'put' })) };
}

interface History {
  readonly isOld: boolean;
  /** Whether looks that are asked for are answered before what is late comes. */
  readonly isAnswered: boolean;
  readonly deeds: readonly Deed[];
  readonly looks: readonly Look[];
  readonly fates: readonly { readonly behind: number; readonly again: boolean; readonly late: boolean }[];
}

const eventful: fc.Arbitrary<History> = fc.record({
  isOld: chance(25), isAnswered: fc.boolean(),
  deeds: fc.array(deed, { minLength: 1, maxLength: 12 }), looks: fc.array(look, { maxLength: 3 }), fates: fc.array(fate, { minLength: 18, maxLength: 18 }),
});

const history = fc.oneof({ weight: 3, arbitrary: eventful }, { weight: 2, arbitrary: eventful.map(undying) }, { weight: 1, arbitrary: eventful.map(calmed) });

const EXPECTED = [
  'create', 'update', 'delete', 'undelete', 'merge', 'gap_create', 'gap_update', 'gap_undelete', 'gap_delete', 'gap that leaves nothing', 'text difference',
  'component of a compound', 'null at a compound', 'create before the feed', 'several in a second', 'stamped a second before its commit',
  'look at a random moment', 'changed during a look', 'lost, with a gap', 'permutation', 'repetition', 'delay',
];

type Arrival = Parameters<Mirror['take']>[0];

/** What arrives, in its order; what comes late; and what was done to it, by names that are counted. */
function feedOf({ looks, fates }: History, story: OrgStory): { arrivals: Arrival[]; late: Arrival[]; disturbances: Set<string> } {
  const disturbances = new Set<string>();
  const readings = looks.flatMap((one, number) => story.lookAt(one, number) ?? []);
  if (readings.length > 0) disturbances.add('look at a random moment');
  const items: Arrival[] = [...story.changes, ...readings].sort((one, other) => (one.occurredAt < other.occurredAt ? -1 : 1));
  const placed = items.flatMap((item, index) => {
    const { behind = 0, again = false, late = false } = fates[index] ?? {};
    if (again) disturbances.add('repetition');
    if (late && !('mark' in item)) disturbances.add('delay');
    const place = { item, at: index + behind, late: late && !('mark' in item) };
    return again ? [place, { ...place, at: index + 2 * behind + 1 }] : [place];
  });
  const sorted = placed.toSorted((one, other) => one.at - other.at);
  if (sorted.some(({ item }, index) => index > 0 && items.indexOf(item) < items.indexOf(sorted[index - 1]?.item ?? item))) disturbances.add('permutation');
  return {
    arrivals: sorted.filter(({ late }) => !late).map(({ item }) => item), late: sorted.filter(({ late }) => late).map(({ item }) => item), disturbances,
  };
}

interface Played {
  readonly mirror: Mirror;
  readonly story: OrgStory;
  readonly disturbances: ReadonlySet<string>;
  /** Answers the looks that are asked for. */
  readonly answer: () => void;
}

/** Plays a history through until all of it has come. */
function play(history: History, fault: Fault | null): Played {
  const story = storyOf(history.deeds, history.isOld);
  const { arrivals, late, disturbances } = feedOf(history, story);
  const mirror = new Mirror(fault, story);
  let number = 100;
  const answer = (): void => {
    for (let round = 0; round < 3 && mirror.isAsking; round += 1) mirror.take(story.lookInTheEnd(number++));
  };
  for (const arrival of arrivals) mirror.take(arrival);
  if (history.isAnswered) answer();
  for (const arrival of late) mirror.take(arrival);
  return { mirror, story, disturbances, answer };
}

/** Where nothing is in doubt the record is as it is in its org; and when what is asked for is answered, nothing is in doubt. */
function assertTruth({ mirror, story, answer }: Played): void {
  if (story.changes.length === 0) return;
  if (dirtySince(mirror.state) === null) assertAsInOrg(mirror.state, story);
  else assert.ok(mirror.isAsking, 'what is in doubt is asked for');
  answer();
  assert.equal(mirror.isAsking, false, 'nothing is asked for');
  assert.equal(dirtySince(mirror.state), null, 'nothing is in doubt');
  assertAsInOrg(mirror.state, story);
  if (story.end.life === 'deleted') assert.deepEqual(survivorOf(mirror.state), story.end.survivor);
}

function assertAsInOrg(state: RecordState, { end }: OrgStory): void {
  assert.equal(state.lifecycle, end.life);
  if (end.life !== 'active') return;
  assert.equal(state.complete, true);
  assert.deepEqual(valuesOf(Array.from(effectiveFields(state), ([path, { value: stands }]) => [path, stands])), valuesOf([...end.fields]));
}

function valuesOf(fields: readonly (readonly [string, Json])[]): Record<string, Json> {
  return Object.fromEntries(fields.filter(([, stands]) => stands !== null));
}

t.test('whatever the feed does, a record ends as it is in its org', (t) => {
  const counts = new Map<string, number>();
  t.doesNotThrow(() => fc.assert(fc.property(history, (history) => {
    const played = play(history, null);
    for (const name of [...played.story.kinds, ...played.disturbances]) counts.set(name, (counts.get(name) ?? 0) + 1);
    assertTruth(played);
    const { state, events, held } = played.mirror;
    if (state.version > 0) assert.deepEqual(held, state.lifecycle === 'active' ? publicState(state, client) : null, 'and is told so');
    assert.deepEqual(replay(events), state, 'the same by replay');
    assert.equal(state.version, events.length);
  }), { numRuns: RUNS, seed: SEED }));
  for (const [name, count] of [...counts].sort(([one], [other]) => (one < other ? -1 : 1))) t.comment(`${name}: ${count} of ${RUNS}`);
  for (const name of EXPECTED) t.ok((counts.get(name) ?? 0) >= RUNS / 20, `${name} in at least one of twenty histories`);
  t.end();
});

t.test('until the last look, too, the order of arrival does not show', (t) => {
  /** Which of several bases a text difference found by then is a matter of order; in the end it is not. */
  const plain = history.map((one): History => ({ ...one, deeds: one.deeds.map((deed) => (deed.text === 'line' ? { ...deed, text: null } : deed)) }));
  t.doesNotThrow(() => fc.assert(fc.property(plain, fc.array(fc.nat(100), { minLength: 40, maxLength: 40 }), (history, places) => {
    const story = storyOf(history.deeds, history.isOld);
    const { arrivals, late } = feedOf(history, story);
    const all = [...arrivals, ...late];
    const shuffled = all.map((item, index) => ({ item, at: places[index] ?? 0 })).sort((one, other) => one.at - other.at).map(({ item }) => item);
    const ended = [all, shuffled].map((order) => {
      const mirror = new Mirror(null, story);
      for (const arrival of order) mirror.take(arrival);
      return known(mirror.state);
    });
    assert.deepEqual(ended[0], ended[1]);
  }), { numRuns: RUNS, seed: SEED }));
  t.end();
});

/** What is known of a record, without what was told to others, and when. */
function known(state: RecordState): unknown {
  const { version: _, announced: _announced, withheld: _withheld, survivor: _survivor, ...rest } = state;
  return { ...rest, survivor: survivorOf(state), doubt: doubtOf(state), effective: effectiveFields(state) };
}

t.test('beyond the margin only another look, that nobody asks for, brings the truth', (t) => {
  const slow = history.map((one): History => ({ ...one, deeds: one.deeds.map((deed) => ({ ...deed, held: deed.held * 6 })) }));
  const { failed } = fc.check(fc.property(slow, (history) => assertTruth(play(history, null))), { numRuns: RUNS, seed: SEED, endOnFailure: true });
  t.ok(failed, 'a source that takes longer between stamp and commit than it is said to is believed in its error');
  t.doesNotThrow(() => fc.assert(fc.property(slow, (history) => {
    const { mirror, story, answer } = play(history, null);
    if (story.changes.length === 0) return;
    answer();
    mirror.take(story.lookInTheEnd(1000));
    assertAsInOrg(mirror.state, story);
  }), { numRuns: RUNS / 5, seed: SEED }));
  t.end();
});

t.test('each planted fault is found', (t) => {
  /** In a short history less comes that would heal what a fault has done. */
  const someShort = fc.oneof(history, history.map((one): History => ({ ...one, deeds: one.deeds.slice(0, 4) })));
  for (const [name, fault] of Object.entries(faults)) {
    const { failed, numRuns } = fc.check(fc.property(someShort, (history) => {
      assertTruth(play(history, fault));
    }), { numRuns: 1000, seed: SEED, endOnFailure: true });
    t.ok(failed, `${name}: found in run ${numRuns}`);
  }
  t.ok(Object.keys(faults).length >= 10);
  t.end();
});
