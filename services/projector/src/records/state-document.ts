import { decodeRecord, encodeRecord, exactNumber, parseExact, stringifyExact } from '@clientele/contracts';
import { initialRecord, isExactNumber, type Clock, type FieldState, type Json, type RecordState } from '@clientele/domain';

/**
 * The folded state as JSON text that any JSON parser reads without loss: each clock stands once, fields point at it. Numbers that a
 * double cannot hold, and arrays, stand as text inside an object, which no leaf of a record is.
 */
export function encodeState(state: RecordState): string {
  const clocks = new Map<Clock, number>();
  const indexOf = (clock: Clock): number => {
    const index = clocks.get(clock) ?? clocks.size;
    clocks.set(clock, index);
    return index;
  };
  const fields = Array.from(state.fields, ([path, { value, clock }]) => [path, indexOf(clock), encodeValue(value)]);
  return JSON.stringify({
    version: state.version,
    lifecycle: state.lifecycle,
    complete: state.complete,
    announced: state.announced,
    floor: state.floor === null ? null : indexOf(state.floor),
    lifecycleClock: state.lifecycleClock === null ? null : indexOf(state.lifecycleClock),
    clocks: [...clocks.keys()],
    fields,
    ...(isPlain(state) ? {} : { more: stringifyExact(encodeRecord({ ...state, fields: initialRecord.fields })) }),
  });
}

/** @throws TypeError where the text is not what `encodeState` writes. */
export function decodeState(text: string): RecordState {
  const document: unknown = JSON.parse(text);
  if (!isStateDocument(document)) throw new TypeError('not a state document');
  const clockAt = (index: number): Clock => document.clocks[index] ?? fail(`no clock at ${index}`);
  return {
    ...(document.more === undefined ? initialRecord : decodeRecord(parseExact(document.more))),
    version: document.version,
    lifecycle: document.lifecycle,
    complete: document.complete,
    announced: document.announced,
    floor: document.floor === null ? null : clockAt(document.floor),
    lifecycleClock: document.lifecycleClock === null ? null : clockAt(document.lifecycleClock),
    fields: new Map(document.fields.map(([path, clock, value]): [string, FieldState] => [path, { clock: clockAt(clock), value: decodeValue(value) }])),
  };
}

type StoredValue = null | boolean | number | string | { readonly exact: string } | { readonly json: string };

/** Whether nothing is known of the record but what changes told whole: true of most. */
function isPlain({ read, gaps, diffs, withheld, survivor, converted }: RecordState): boolean {
  return read === null && gaps.length === 0 && diffs.length === 0 && !withheld && survivor === null && !converted;
}

interface StateDocument extends Pick<RecordState, 'version' | 'lifecycle' | 'complete' | 'announced'> {
  readonly floor: number | null;
  readonly lifecycleClock: number | null;
  readonly clocks: readonly Clock[];
  readonly fields: readonly (readonly [path: string, clock: number, value: StoredValue])[];
  /** The state but its fields, as a snapshot keeps it. */
  readonly more?: string;
}

function encodeValue(value: Json): StoredValue {
  if (typeof value !== 'object' || value === null) return value;
  return isExactNumber(value) ? { exact: value.value } : { json: stringifyExact(value) };
}

function decodeValue(value: StoredValue): Json {
  if (typeof value !== 'object' || value === null) return value;
  return 'exact' in value ? exactNumber(value.exact) : parseExact(value.json);
}

/** The document is this file's own: its outer form is checked, so that a row of another make is an error and not a wrong state. */
function isStateDocument(value: unknown): value is StateDocument {
  return typeof value === 'object' && value !== null && 'clocks' in value && Array.isArray(value.clocks) && 'fields' in value && Array.isArray(value.fields)
    && 'version' in value && typeof value.version === 'number' && 'lifecycle' in value && 'complete' in value && 'announced' in value
    && 'floor' in value && 'lifecycleClock' in value;
}

function fail(message: string): never {
  throw new TypeError(message);
}
