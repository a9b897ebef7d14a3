import { clockOf, isJsonObject, type AggregateDefinition, type DomainEvent, type FieldWrite, type Json, type JsonObject, type RecordChanged } from '@clientele/domain';
import { NewerSchemaError } from './errors.ts';
import type { EventMetadata, StoredEvent } from './log-entry.ts';

/** A domain event as its row holds it: `personal` has the shape of `data`, and the values that erasure takes out. */
export interface EncodedEvent {
  readonly data: JsonObject;
  readonly personal: JsonObject | null;
}

/**
 * The stored form of a domain event, schema version 1. The clock is not in it: it stands in the event's metadata.
 * - Created, Updated, Restored, Deleted: `{fields: {path: value}, lost: {path: value}, floor, lifecycle, changed: [path], state}`.
 *   Values at or below a personal path go into `personal`, and so does the whole `state` where the definition has personal paths: its
 *   names are not the paths.
 * - Withdrawn: `{status}`.
 */
export function encodeDomainEvent(event: DomainEvent, definition: Pick<AggregateDefinition, 'personal'>): EncodedEvent {
  if (event.type === 'Withdrawn') return { data: { status: event.status }, personal: null };
  if (!('fields' in event)) throw new TypeError('not yet');
  const fields = apart(event.fields, definition.personal);
  const lost = apart(event.lost, definition.personal);
  const stateIsPersonal = event.state !== null && definition.personal.length > 0;
  const personal = {
    ...(fields.personal === null ? {} : { fields: fields.personal }),
    ...(lost.personal === null ? {} : { lost: lost.personal }),
    ...(stateIsPersonal ? { state: event.state } : {}),
  };
  const { floor, lifecycle, changed } = event;
  return {
    data: { fields: fields.open, lost: lost.open, floor, lifecycle, changed, state: stateIsPersonal ? null : event.state },
    personal: Object.keys(personal).length === 0 ? null : personal,
  };
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
    case 'Created':
    case 'Updated':
    case 'Restored':
    case 'Deleted':
      return {
        type, clock, fields: writesOf(data, 'fields'), lost: writesOf(data, 'lost'), floor: data['floor'] === true,
        lifecycle: lifecycleOf(data), changed: namesOf(data), state: stateOf(data),
      };
    default:
      throw new NewerSchemaError(`no event of type ${type} can be read by this version`);
  }
}

function apart(writes: readonly FieldWrite[], personal: readonly string[]): { open: JsonObject; personal: JsonObject | null } {
  const isPersonal = (path: string): boolean => personal.some((parent) => path === parent || path.startsWith(`${parent}.`));
  const hidden = personal.length === 0 ? [] : writes.filter(({ path }) => isPersonal(path));
  const open = hidden.length === 0 ? writes : writes.filter(({ path }) => !isPersonal(path));
  return { open: objectOf(open), personal: hidden.length === 0 ? null : objectOf(hidden) };
}

function objectOf(writes: readonly FieldWrite[]): JsonObject {
  return Object.fromEntries(writes.map(({ path, value }) => [path, value]));
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
