import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { readRecordId } from '../record-id.ts';

/** Reading of answers, of which nothing is known but that they are JSON. */
export function objectsIn(value: Json, key: string): JsonObject[] {
  return isJsonObject(value) ? objectsOf(value[key]) : [];
}

/** The objects of an array; nulls and whatever else may stand in it are passed over. */
export function objectsOf(list: Json | undefined): JsonObject[] {
  return Array.isArray(list) ? list.filter((one: Json) => isJsonObject(one)) : [];
}

export function textIn(object: JsonObject, key: string): string | null {
  const value = object[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** An id in 18 characters; null where there is none. */
export function idIn(object: JsonObject, key: string): string | null {
  const reading = readRecordId(textIn(object, key) ?? '');
  return reading.kind === 'record' ? reading.id : null;
}

/** A time of the REST API (`2026-05-07T22:29:47.000+0000`), RFC 3339 UTC; null where there is none. */
export function timeIn(object: JsonObject, key: string): string | null {
  const ms = Date.parse((textIn(object, key) ?? '').replace(/\+0000$/, 'Z'));
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
