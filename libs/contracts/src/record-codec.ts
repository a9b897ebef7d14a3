import { isClock, isJsonObject, type Clock, type FieldState, type Json, type JsonObject, type RecordState } from '@clientele/domain';

/** Of what {@link encodeRecord} writes, and of what the members mean: with a change of either, one more, and older snapshots are void. */
export const RECORD_SCHEMA_VERSION = 1;

/**
 * A record's state as a snapshot keeps it. `fields` is path -> [value, place in `clocks`], since the fields of one change share a clock.
 */
export function encodeRecord(state: RecordState): JsonObject {
  const clocks = [...new Set(Array.from(state.fields.values(), ({ clock }) => clock))];
  const places = new Map(clocks.map((clock, place) => [clock, place]));
  return {
    fields: Object.fromEntries(Array.from(state.fields, ([path, { value, clock }]): [string, Json] => [path, [value, places.get(clock) ?? 0]])),
    clocks, version: state.version, floor: state.floor, lifecycle: state.lifecycle, lifecycleClock: state.lifecycleClock, complete: state.complete,
    announced: state.announced,
  };
}

/** @throws TypeError where it is not what {@link encodeRecord} wrote. */
export function decodeRecord(value: Json): RecordState {
  if (!isJsonObject(value)) throw new TypeError('a snapshot that is no object');
  const { fields, clocks, version, lifecycle, complete, announced } = value;
  if (!isJsonObject(fields) || clocks === undefined || !isList(clocks) || typeof version !== 'number') throw new TypeError('a snapshot of another form');
  const known = clocks.map(clockIn);
  return {
    version, fields: new Map(Object.entries(fields).map(([path, field]): [string, FieldState] => [path, fieldIn(field, known)])),
    floor: optionalClock(value['floor'] ?? null), lifecycle: lifecycle === 'deleted' ? 'deleted' : 'active',
    lifecycleClock: optionalClock(value['lifecycleClock'] ?? null), complete: complete === true, announced: announced === true,
  };
}

function fieldIn(field: Json, clocks: readonly Clock[]): FieldState {
  if (!isList(field)) throw new TypeError('a snapshot with a field of another form');
  const [value, place] = field;
  const clock = typeof place === 'number' ? clocks[place] : undefined;
  if (value === undefined || clock === undefined) throw new TypeError('a snapshot with a field without its clock');
  return { value, clock };
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function optionalClock(value: Json): Clock | null {
  return value === null ? null : clockIn(value);
}

function clockIn(value: Json): Clock {
  if (typeof value !== 'string' || !isClock(value)) throw new TypeError('a snapshot with a clock that is none');
  return value;
}
