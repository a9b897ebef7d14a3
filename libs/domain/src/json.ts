/**
 * JSON as the domain sees it. A number that a double cannot hold digit for digit (a 64-bit integer, `100.50`) travels as an
 * {@link ExactNumber}; every other number is a plain `number`. The domain only stores, compares and passes such values on.
 */
export interface ExactNumber {
  readonly isLosslessNumber: true;
  /** The literal as it was written, for example `1745500706683617281` or `100.50`. */
  readonly value: string;
  toString(): string;
}

export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** Told by its class as well as its mark: a feed may well send an object that only looks like one. */
export function isExactNumber(value: Json | undefined): value is ExactNumber {
  return typeof value === 'object' && value !== null && 'isLosslessNumber' in value && value.isLosslessNumber === true && !isPlain(value);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isJsonArray(value) && !isExactNumber(value);
}

/** Whether two values are written alike: the order of an object's members does not count, every digit of a number does. */
export function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (isExactNumber(one)) return isExactNumber(other) && one.value === other.value;
  if (isJsonArray(one)) return isJsonArray(other) && one.length === other.length && one.every((value, at) => sameJson(value, other[at]));
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]));
}

/** A {@link JsonObject} that is being put together. */
export type JsonMembers = Record<string, Json>;

/** Every key becomes a member of the object's own, `__proto__` as well. */
export function setMember(object: JsonMembers, key: string, value: Json): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
  else object[key] = value;
}

function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
