import {
  clockOf, isClock, isJsonObject, setMember, type AggregateDefinition, type Clock, type ConvertedInto, type DomainEvent, type FieldWrite, type Json,
  type JsonMembers, type JsonObject, type MarkedDirty, type ReadMark, type RecordChanged,
} from '@clientele/domain';
import { NewerSchemaError } from './errors.ts';
import type { EventMetadata, StoredEvent } from './log-entry.ts';

/** A domain event as its row holds it: `personal` has the shape of `data`, and the values that erasure takes out. */
export interface EncodedEvent {
  readonly data: JsonObject;
  readonly personal: JsonObject | null;
}

type Personal = Pick<AggregateDefinition, 'personal'>;

/**
 * The stored form of a domain event, schema version 1. The clock is not in it: it stands in the event's metadata.
 * - Created, Updated, Restored, Deleted: `{fields: {path: value}, lost: {path: value}, floor, lifecycle, changed: [path], state}`, and where
 *   it is so `read: {from, until, result}` (milliseconds since 1970; the clock is the look's order), `diffs: {path: patch}`, `withheld: true`.
 *   Values at or below a personal path go into `personal`, and so does the whole `state` where the definition has personal paths: its
 *   names are not the paths.
 * - Withdrawn: `{status}`. MarkedDirty: `{since, reason, gap}`, `since` a clock as text. Cleaned: `{state}`, personal as above.
 * - Merged: `{survivor: {entity, externalId}, read: {from, until}}`. Converted: `{into: [{field, entity, externalId}]}`.
 */
export function encodeDomainEvent(event: DomainEvent, definition: Personal): EncodedEvent {
  switch (event.type) {
    case 'Withdrawn':
      return open({ status: event.status });
    case 'MarkedDirty':
      return open({ since: event.since, reason: event.reason, gap: event.gap });
    case 'Cleaned':
      return event.state !== null && definition.personal.length > 0 ? { data: { state: null }, personal: { state: event.state } } : open({ state: event.state });
    case 'Merged': {
      const { entity, externalId, mark } = event.survivor;
      return open({ survivor: { entity, externalId }, read: { from: mark.from, until: mark.until } });
    }
    case 'Converted':
      return open({ into: event.into.map(({ field, entity, externalId }) => ({ field, entity, externalId })) });
    default:
      return encodeRecordChanged(event, definition);
  }
}

function encodeRecordChanged(event: RecordChanged, definition: Personal): EncodedEvent {
  const fields = apart(event.fields, definition.personal);
  const lost = apart(event.lost, definition.personal);
  const diffs = event.diffs === undefined ? null : apart(event.diffs.map(({ path, patch }) => ({ path, value: patch })), definition.personal);
  const stateIsPersonal = event.state !== null && definition.personal.length > 0;
  const personal = {
    ...(fields.personal === null ? {} : { fields: fields.personal }),
    ...(lost.personal === null ? {} : { lost: lost.personal }),
    ...(diffs === null || diffs.personal === null ? {} : { diffs: diffs.personal }),
    ...(stateIsPersonal ? { state: event.state } : {}),
  };
  const { floor, lifecycle, changed, read, withheld } = event;
  return {
    data: {
      fields: fields.open, lost: lost.open, floor, lifecycle, changed, state: stateIsPersonal ? null : event.state,
      ...(read === undefined ? {} : { read: { from: read.mark.from, until: read.mark.until, result: read.result } }),
      ...(diffs === null ? {} : { diffs: diffs.open }),
      ...(withheld === undefined ? {} : { withheld }),
    },
    personal: Object.keys(personal).length === 0 ? null : personal,
  };
}

function open(data: JsonObject): EncodedEvent {
  return { data, personal: null };
}

/** Puts the personal part back: objects of the same name are joined, everything else of `personal` stands in place of what `data` has. */
export function joinPersonal(data: JsonObject, personal: JsonObject | null): JsonObject {
  if (personal === null) return data;
  const joined = Object.entries(personal).map(([name, value]): [string, Json] => {
    const open = data[name];
    return [name, isJsonObject(open) && isJsonObject(value) ? { ...open, ...value } : value];
  });
  return { ...data, ...Object.fromEntries(joined) };
}

/** What of a stored event the domain event is made of. */
export interface ClockedEvent extends Pick<StoredEvent, 'type' | 'data'> {
  readonly metadata: Pick<EventMetadata, 'clock'>;
}

/**
 * The domain event of a stored one (whose data has been brought to the newest schema).
 * @throws NewerSchemaError where this code knows no event of the type; TypeError where the data is not of its shape.
 */
export function decodeDomainEvent({ type, data, metadata }: ClockedEvent): DomainEvent {
  const clock = clockOf(metadata.clock);
  switch (type) {
    case 'Withdrawn':
      return { type, clock, status: textOrNull(data, 'status') };
    case 'MarkedDirty':
      return { type, clock, since: clockIn(data, 'since'), reason: reasonOf(data), gap: data['gap'] === true };
    case 'Cleaned':
      return { type, clock, state: stateOf(data) };
    case 'Merged': {
      const survivor = objectIn(data, 'survivor');
      return { type, clock, survivor: { entity: textIn(survivor, 'entity'), externalId: textIn(survivor, 'externalId'), mark: markOf(data, clock) } };
    }
    case 'Converted':
      return { type, clock, into: convertedInto(data) };
    case 'Created':
    case 'Updated':
    case 'Restored':
    case 'Deleted':
      return {
        type, clock, fields: writesOf(data, 'fields'), lost: writesOf(data, 'lost'), floor: data['floor'] === true,
        lifecycle: lifecycleOf(data), changed: namesOf(data), state: stateOf(data), ...withLook(data, clock), ...withDiffs(data),
        ...(data['withheld'] === true ? { withheld: true } : {}),
      };
    default:
      throw new NewerSchemaError(`no event of type ${type} can be read by this version`);
  }
}

function withLook(data: JsonObject, clock: Clock): Pick<RecordChanged, 'read'> {
  if (data['read'] === undefined) return {};
  const { result } = objectIn(data, 'read');
  if (result !== 'found' && result !== 'deleted') throw misshapen('read.result', result);
  return { read: { mark: markOf(data, clock), result } };
}

function withDiffs(data: JsonObject): Pick<RecordChanged, 'diffs'> {
  if (data['diffs'] === undefined) return {};
  const diffs = objectIn(data, 'diffs');
  return { diffs: Object.keys(diffs).map((path) => ({ path, patch: textIn(diffs, path) })) };
}

function markOf(data: JsonObject, order: Clock): ReadMark {
  const { from, until } = objectIn(data, 'read');
  if (typeof from !== 'number' || typeof until !== 'number') throw misshapen('read', from);
  return { from, until, order };
}

function convertedInto(data: JsonObject): ConvertedInto[] {
  const into = data['into'];
  if (!Array.isArray(into)) throw misshapen('into', into);
  return into.map((one: Json) => {
    if (!isJsonObject(one)) throw misshapen('into', one);
    return { field: textIn(one, 'field'), entity: textIn(one, 'entity'), externalId: textIn(one, 'externalId') };
  });
}

const REASONS: Readonly<Record<MarkedDirty['reason'], true>> = {
  gap: true, window: true, after_deletion: true, diff: true, missing_create: true, survivor: true,
};

function reasonOf(data: JsonObject): MarkedDirty['reason'] {
  const reason = textIn(data, 'reason');
  if (!isReason(reason)) throw new NewerSchemaError(`no reason ${reason} can be read by this version`);
  return reason;
}

function isReason(text: string): text is MarkedDirty['reason'] {
  return Object.hasOwn(REASONS, text);
}

function clockIn(data: JsonObject, name: string): Clock {
  const text = textIn(data, name);
  if (!isClock(text)) throw misshapen(name, text);
  return text;
}

function objectIn(data: JsonObject, name: string): JsonObject {
  const value = data[name];
  if (!isJsonObject(value)) throw misshapen(name, value);
  return value;
}

function textIn(data: JsonObject, name: string): string {
  const value = data[name];
  if (typeof value !== 'string') throw misshapen(name, value);
  return value;
}

function apart(writes: readonly FieldWrite[], personal: readonly string[]): { open: JsonObject; personal: JsonObject | null } {
  const isPersonal = (path: string): boolean => personal.some((parent) => path === parent || path.startsWith(`${parent}.`));
  const hidden = personal.length === 0 ? [] : writes.filter(({ path }) => isPersonal(path));
  const open = hidden.length === 0 ? writes : writes.filter(({ path }) => !isPersonal(path));
  return { open: objectOf(open), personal: hidden.length === 0 ? null : objectOf(hidden) };
}

function objectOf(writes: readonly FieldWrite[]): JsonObject {
  const object: JsonMembers = {};
  for (const { path, value } of writes) setMember(object, path, value);
  return object;
}

function writesOf(data: JsonObject, name: string): FieldWrite[] {
  const value = data[name];
  if (!isJsonObject(value)) throw misshapen(name, value);
  return Object.entries(value).map(([path, written]) => ({ path, value: written }));
}

function lifecycleOf(data: JsonObject): RecordChanged['lifecycle'] {
  const value = data['lifecycle'];
  if (value === 'active' || value === 'deleted' || value === null) return value;
  throw misshapen('lifecycle', value);
}

function namesOf(data: JsonObject): string[] {
  const value = data['changed'];
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value;
  throw misshapen('changed', value);
}

function stateOf(data: JsonObject): JsonObject | null {
  const value = data['state'];
  if (value === null || isJsonObject(value)) return value;
  throw misshapen('state', value);
}

function textOrNull(data: JsonObject, name: string): string | null {
  const value = data[name];
  if (value === null || typeof value === 'string') return value;
  throw misshapen(name, value);
}

function misshapen(name: string, value: unknown): TypeError {
  return new TypeError(`stored event: ${name} is ${value === undefined ? 'absent' : `a ${typeof value}`}`);
}
