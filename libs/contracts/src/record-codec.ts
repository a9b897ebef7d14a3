import {
  isClock, isJsonObject, setMember, type Clock, type FieldRead, type FieldState, type Json, type JsonMembers, type JsonObject, type LatestRead,
  type PendingDiff, type ReadMark, type RecordState, type Survivor,
} from '@clientele/domain';

/** Of what {@link encodeRecord} writes, and of what the members mean: with a change of either, one more, and older snapshots are void. */
export const RECORD_SCHEMA_VERSION = 2;

/**
 * A record's state as a snapshot keeps it. `fields` is path -> [value, place in `clocks`], since the fields of one change share a clock;
 * `reads` likewise path -> [value, place in `marks`]. What most records have none of is absent then.
 */
export function encodeRecord(state: RecordState): JsonObject {
  const clocks = new Places<Clock>();
  const fields: JsonMembers = {};
  for (const [path, { value, clock }] of state.fields) setMember(fields, path, [value, clocks.placeOf(clock)]);
  return {
    fields,
    clocks: clocks.all(), version: state.version, floor: state.floor, lifecycle: state.lifecycle, lifecycleClock: state.lifecycleClock,
    complete: state.complete, announced: state.announced, ...encodeLooks(state),
    ...(state.gaps.length === 0 ? {} : { gaps: state.gaps }),
    ...(state.diffs.length === 0 ? {} : { diffs: state.diffs.map(({ path, patch, clock }) => [path, patch, clock]) }),
    ...(state.withheld ? { withheld: true } : {}),
    ...(state.converted ? { converted: true } : {}),
  };
}

/** @throws TypeError where it is not what {@link encodeRecord} wrote. */
export function decodeRecord(value: Json): RecordState {
  if (!isJsonObject(value)) throw new TypeError('a snapshot that is no object');
  const { fields, version, lifecycle, complete, announced, withheld, converted } = value;
  if (!isJsonObject(fields) || typeof version !== 'number') throw new TypeError('a snapshot of another form');
  const clocks = listIn(value['clocks']).map(clockIn);
  const marks = listIn(value['marks'] ?? []).map(markIn);
  const standing = new Map<string, FieldState>();
  for (const [path, field] of Object.entries(fields)) standing.set(path, fieldIn(field, clocks));
  return {
    version, fields: standing,
    reads: new Map(Object.entries(objectIn(value['reads'] ?? {})).map(([path, read]): [string, FieldRead] => [path, readIn(read, marks)])),
    read: latestReadIn(value['read'] ?? null, marks), survivor: survivorIn(value['survivor'] ?? null, marks),
    gaps: listIn(value['gaps'] ?? []).map(clockIn), diffs: listIn(value['diffs'] ?? []).map(diffIn),
    floor: optionalClock(value['floor'] ?? null), lifecycle: lifecycle === 'deleted' ? 'deleted' : 'active',
    lifecycleClock: optionalClock(value['lifecycleClock'] ?? null), complete: complete === true, announced: announced === true,
    withheld: withheld === true, converted: converted === true,
  };
}

/** Values that stand once, and are pointed at. */
class Places<T> {
  readonly #places = new Map<T, number>();

  placeOf(value: T): number {
    const place = this.#places.get(value) ?? this.#places.size;
    this.#places.set(value, place);
    return place;
  }

  all(): T[] {
    return [...this.#places.keys()];
  }
}

function encodeLooks({ reads, read, survivor }: RecordState): JsonObject {
  if (read === null) return {};
  const marks = new Places<ReadMark>();
  const found = Array.from(reads, ([path, { value, mark }]): [string, Json] => [path, [value, marks.placeOf(mark)]]);
  return {
    reads: Object.fromEntries(found),
    read: [marks.placeOf(read.mark), read.result],
    ...(survivor === null ? {} : { survivor: [marks.placeOf(survivor.mark), survivor.entity, survivor.externalId] }),
    marks: marks.all().map(({ from, until, order }) => [from, until, order]),
  };
}

function fieldIn(field: Json, clocks: readonly Clock[]): FieldState {
  const [value, place] = listIn(field);
  if (value === undefined) throw new TypeError('a snapshot with a field of another form');
  return { value, clock: placedIn(place, clocks) };
}

function readIn(read: Json, marks: readonly ReadMark[]): FieldRead {
  const [value, place] = listIn(read);
  if (value === undefined) throw new TypeError('a snapshot with a read of another form');
  const mark = placedIn(place, marks);
  return { value, clock: mark.order, mark };
}

function latestReadIn(read: Json, marks: readonly ReadMark[]): LatestRead | null {
  if (read === null) return null;
  const [place, result] = listIn(read);
  return { mark: placedIn(place, marks), result: result === 'deleted' ? 'deleted' : 'found' };
}

function survivorIn(survivor: Json, marks: readonly ReadMark[]): Survivor | null {
  if (survivor === null) return null;
  const [place, entity, externalId] = listIn(survivor);
  return { entity: textIn(entity), externalId: textIn(externalId), mark: placedIn(place, marks) };
}

function diffIn(diff: Json): PendingDiff {
  const [path, patch, clock] = listIn(diff);
  return { path: textIn(path), patch: textIn(patch), clock: clockIn(clock ?? null) };
}

function markIn(mark: Json): ReadMark {
  const [from, until, order] = listIn(mark);
  if (typeof from !== 'number' || typeof until !== 'number') throw new TypeError('a snapshot with a look without its time');
  return { from, until, order: clockIn(order ?? null) };
}

function placedIn<T>(place: Json | undefined, all: readonly T[]): T {
  const found = typeof place === 'number' ? all[place] : undefined;
  if (found === undefined) throw new TypeError('a snapshot that points at nothing');
  return found;
}

function objectIn(value: Json): JsonObject {
  if (!isJsonObject(value)) throw new TypeError('a snapshot with a part of another form');
  return value;
}

function listIn(value: Json | undefined): readonly Json[] {
  if (value === undefined || !isList(value)) throw new TypeError('a snapshot with a list of another form');
  return value;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function textIn(value: Json | undefined): string {
  if (typeof value !== 'string') throw new TypeError('a snapshot with a text that is none');
  return value;
}

function optionalClock(value: Json): Clock | null {
  return value === null ? null : clockIn(value);
}

function clockIn(value: Json): Clock {
  if (typeof value !== 'string' || !isClock(value)) throw new TypeError('a snapshot with a clock that is none');
  return value;
}
