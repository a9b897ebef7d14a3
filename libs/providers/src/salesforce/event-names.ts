import { composeFields, fieldWrites, isJsonObject, type FieldWrite, type Json, type JsonObject } from '@clientele/domain';
import { compoundOf, eventPath, namesPeople } from './record-names.ts';

/** A change's fields in the names of an event relay, and a way to read what else names them. */
export interface InEventNames {
  readonly data: JsonObject;
  readonly nameOf: (name: string) => string;
}

interface Part {
  readonly field: string;
  readonly compound: string;
  readonly value: Json;
}

/**
 * AppFlow, and what stands between, may tell the parts of compound fields flat, as the REST API calls them: `BillingCity` is the relay's
 * `BillingAddress.City`, whatever else the change tells, or one field would be kept under two names. A part that is told both ways counts as
 * it stands in its compound field. A compound field that is a text or null gives way to its parts where one of them has a value: it says the
 * same in fewer words. Else it stands for them. The parts of an account's name are left alone: only a person's has any.
 */
export function inEventNames(entity: string, data: JsonObject): InEventNames {
  const parts = Object.entries(data).flatMap(([field, value]): Part[] => {
    const compound = compoundOfPart(entity, field);
    return compound === null ? [] : [{ field, compound, value }];
  });
  return { data: parts.length === 0 ? data : withNested(data, parts), nameOf: (name) => eventName(entity, name) };
}

/** A field's path in the names of an event relay, also where it is named as the REST API calls it. */
export function eventName(entity: string, name: string): string {
  const compound = compoundOfPart(entity, name);
  return compound === null ? name : eventPath(name, compound);
}

function compoundOfPart(entity: string, field: string): string | null {
  const compound = compoundOf(entity, field);
  return compound === 'Name' && namesPeople(entity) !== 'always' ? null : compound;
}

function withNested(data: JsonObject, parts: readonly Part[]): JsonObject {
  const flat = new Set(parts.map(({ field }) => field));
  const writes = Array.from(new Set(parts.map(({ compound }) => compound)), (compound): FieldWrite[] => {
    const own = parts.filter((part) => part.compound === compound);
    const whole = Object.hasOwn(data, compound) ? data[compound] : undefined;
    const nested = whole !== undefined && isJsonObject(whole) ? fieldWrites({ [compound]: whole }) : [];
    const standsForThem = whole !== undefined && !isJsonObject(whole) && own.every(({ value }) => value === null);
    return standsForThem ? [] : [...own.map(({ field, value }) => ({ path: eventPath(field, compound), value })), ...nested];
  });
  return { ...Object.fromEntries(Object.entries(data).filter(([field]) => !flat.has(field))), ...composeFields(writes.flat()) };
}
