import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import {
  ancestorsOf, apply, ClientDomainService, clockOf, effectiveField, effectiveFields, fieldWrites, initialRecord, publicState, replay,
  type Change, type ChangeKind, type Clock, type DecidedEvent, type FieldState, type Json, type JsonObject, type RecordState,
} from '../src/index.ts';
import { client } from './support/records.ts';

/**
 * What a set of changes means, said without any order of arrival: the specification that deciding one by one must meet.
 */
function meaningOf(changes: readonly Change[]): Picture {
  const whole = changes.filter(({ kind }) => kind === 'create' || kind === 'undelete');
  const floor = latest(whole);
  const turning = changes.filter(({ kind }) => kind !== 'update');
  const lifecycleClock = latest(turning);
  const writes = changes.flatMap(({ clock, fields }) => fields.map(({ path, value }) => ({ path, value, clock })));
  const standing = writes.filter((write) => {
    if (floor !== null && write.clock < floor) return false;
    return !writes.some((other) => other.clock > write.clock && (other.path === write.path || ancestorsOf(write.path).includes(other.path)));
  });
  const counting = standing.filter((write) => !standing.some((other) => ancestorsOf(other.path).includes(write.path)));
  return {
    standing: table(standing),
    effective: table(counting),
    floor,
    complete: floor !== null,
    lifecycle: turning.find(({ clock }) => clock === lifecycleClock)?.kind === 'delete' ? 'deleted' : 'active',
    lifecycleClock,
  };
}

interface Picture {
  readonly standing: readonly (readonly [string, FieldState])[];
  readonly effective: readonly (readonly [string, FieldState])[];
  readonly floor: Clock | null;
  readonly complete: boolean;
  readonly lifecycle: RecordState['lifecycle'];
  readonly lifecycleClock: Clock | null;
}

function pictureOf(state: RecordState): Picture {
  const { floor, complete, lifecycle, lifecycleClock } = state;
  const entries = (fields: ReadonlyMap<string, FieldState>) => table(Array.from(fields, ([path, field]) => ({ path, ...field })));
  return { standing: entries(state.fields), effective: entries(effectiveFields(state)), floor, complete, lifecycle, lifecycleClock };
}

function table(fields: readonly (FieldState & { path: string })[]): (readonly [string, FieldState])[] {
  const rows = fields.map(({ path, value, clock }) => [path, { value, clock }] as const);
  return [...new Map(rows)].sort(([one], [other]) => (one < other ? -1 : 1));
}

function latest(changes: readonly Change[]): Clock | null {
  return changes.reduce<Clock | null>((max, { clock }) => (max === null || clock > max ? clock : max), null);
}

const scalar: fc.Arbitrary<Json> = fc.constantFrom<Json[]>(null, 'a', 'b', 'c', 1, false, ['x']);
const compound: fc.Arbitrary<Json> = fc.oneof(
  { weight: 2, arbitrary: scalar },
  { weight: 3, arbitrary: fc.record({ B: scalar, C: fc.oneof(scalar, fc.record({ D: scalar, E: scalar }, { requiredKeys: [] })) }, { requiredKeys: [] }) },
);
const body = fc.record(
  { A: compound, Name: scalar, Status: fc.constantFrom('Active', 'Draft', 'Inactive', 'Odd', null) },
  { requiredKeys: [] },
) as fc.Arbitrary<JsonObject>;
const kind = fc.constantFrom<ChangeKind[]>('create', 'update', 'update', 'update', 'delete', 'undelete');

/** Changes of one record; clocks are close together, and often equal up to the change id. */
const history = fc.array(
  fc.record({ kind, body, time: fc.nat(4), number: fc.nat(2), sequence: fc.nat(1) }),
  { minLength: 1, maxLength: 12 },
).map((drafts) => drafts.map(({ kind, body, time, number, sequence }, index): Change => ({
  id: `c${index}`,
  kind,
  key: { source: 's', entity: 'E', externalId: '1' },
  clock: clockOf({ commitTime: time, commitNumber: String(number), sequenceNumber: sequence, changeId: `c${index}` }),
  fields: kind === 'delete' ? [] : fieldWrites(body),
  occurredAt: '1970-01-01T00:00:00.000Z',
})));

/** The same changes as a bad feed brings them: in any order, some more than once. */
const feed = history.chain((changes) => fc.record({
  changes: fc.constant(changes),
  arrivals: fc.array(fc.constantFrom(...changes), { maxLength: 8 })
    .chain((repeats) => fc.shuffledSubarray([...changes, ...repeats], { minLength: changes.length + repeats.length })),
}));

function run(arrivals: readonly Change[]): { state: RecordState; events: readonly DecidedEvent[]; superseded: number } {
  return arrivals.reduce<{ state: RecordState; events: readonly DecidedEvent[]; superseded: number }>(({ state, events, superseded }, change) => {
    const decision = ClientDomainService.processCrmEvent(change, state, client);
    return {
      state: decision.stateAfter, events: [...events, ...decision.events], superseded: superseded + Number(decision.outcome === 'superseded'),
    };
  }, { state: initialRecord, events: [], superseded: 0 });
}

const runs = { numRuns: 3000 };

t.test('any order and any repetition of the same changes lead to the same record', (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(feed, ({ changes, arrivals }) => {
    const { state } = run(arrivals);
    assert.deepEqual(pictureOf(state), meaningOf(changes));
    for (const path of state.fields.keys()) assert.equal(effectiveField(state, path), effectiveFields(state).get(path));
  }), runs));
  t.end();
});

t.test('replaying what was decided leads to the state that was decided on', (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(feed, ({ arrivals }) => {
    const { state, events } = run(arrivals);
    const stored = events.map(({ event }) => event);
    assert.deepEqual(replay(stored), state);
    assert.deepEqual(stored.reduce(apply, initialRecord), state);
    assert.equal(state.version, stored.length);
  }), runs));
  t.end();
});

t.test('a feed that is heard again from its beginning has nothing to say', (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(feed, ({ changes, arrivals }) => {
    const { state } = run(arrivals);
    for (const change of changes) {
      const { outcome, events, stateAfter, lost } = ClientDomainService.processCrmEvent(change, state, client);
      assert.deepEqual({ outcome, events, lost }, { outcome: 'superseded', events: [], lost: change.fields });
      assert.equal(stateAfter, state);
    }
  }), { numRuns: 1000 }));
  t.end();
});

/** Since when a record is in doubt may change with clocks that move nothing that would be told. */
const timeless = ({ dirty_since: _, ...state }: JsonObject): JsonObject => state;

t.test('who listens to the broadcasts alone holds the public state of what is public, and nothing else', (t) => {
  t.doesNotThrow(() => fc.assert(fc.property(feed, ({ arrivals }) => {
    const { state, events } = run(arrivals);
    const held = events.reduce<JsonObject | null>((holding, { event, broadcast }) => {
      if (!broadcast) return holding;
      if (event.type === 'Withdrawn' || event.type === 'Deleted') return null;
      assert.ok('state' in event && event.state, `${event.type} is told with the state`);
      return timeless(event.state);
    }, null);
    const shown = timeless(publicState(state, client));
    // An update without a field, of a record never heard of, says nothing that could be told.
    const mayBeHeld = state.version > 0 && state.lifecycle === 'active' && shown['status'] !== 'Draft' && shown['status'] !== 'Inactive';
    assert.deepEqual(held, mayBeHeld ? shown : null);
    assert.equal(state.announced, mayBeHeld);
  }), runs));
  t.end();
});
