import { composeFields, fieldWrites, isJsonObject, splitPath, type Json, type JsonObject } from '@clientele/domain';
import { compoundOf, eventPath, namesPeople } from './record-names.ts';

/** A change's fields in the names of an event relay, and a way to read what else names them. */
export interface InEventNames {
  readonly data: JsonObject;
  readonly nameOf: (name: string) => string;
}

/**
 * AppFlow, and what stands between, may tell the parts of compound fields flat, as the REST API calls them: `BillingCity` is the relay's
 * `BillingAddress.City`. A part that is told both ways counts as it stands in its compound field; where that is a text or null, the flat one is left
 * alone, and so are the parts of an account's name: only a person's has any.
 */
export function inEventNames(entity: string, data: JsonObject): InEventNames {
  const parts = new Map<string, Json>();
  const whole: [string, Json][] = [];
  for (const [field, value] of Object.entries(data)) {
    const path = partPath(entity, field, data);
    if (path === null) whole.push([field, value]);
    else parts.set(path, value);
  }
  const nameOf = (name: string): string => partPath(entity, name, data) ?? name;
  return { data: parts.size === 0 ? data : withParts(Object.fromEntries(whole), parts), nameOf };
}

/** Null where the field is no part, or cannot stand with its compound field. */
function partPath(entity: string, field: string, data: JsonObject): string | null {
  const compound = compoundOf(entity, field);
  if (compound === null || (compound === 'Name' && namesPeople(entity) !== 'always')) return null;
  const whole = Object.hasOwn(data, compound) ? data[compound] : undefined;
  return whole === undefined || isJsonObject(whole) ? eventPath(field, compound) : null;
}

function withParts(whole: JsonObject, parts: ReadonlyMap<string, Json>): JsonObject {
  const compounds = new Set(Array.from(parts.keys(), (path) => splitPath(path)[0] ?? path));
  const nested = Object.fromEntries(Object.entries(whole).filter(([field]) => compounds.has(field)));
  const writes = [...Array.from(parts, ([path, value]) => ({ path, value })), ...fieldWrites(nested)];
  return { ...whole, ...composeFields(writes) };
}
