import { isExactNumber, isJsonObject, type Json } from './json.ts';

/**
 * Whether two values mean the same, however they are written: `100.50` is `100.5`, and no digit is lost in comparing; a time is one whether its
 * source tells it with or without `.000`, or in milliseconds since 1970. For values that came by different ways (a feed, a reading); whether
 * the same way brought the same text again is `sameJson`.
 */
export function sameValue(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  const [number, otherNumber] = [literalOf(one), literalOf(other)];
  if (number !== null && otherNumber !== null) return canonical(number) === canonical(otherNumber);
  if (typeof one === 'string' || typeof other === 'string') return sameTime(one, other);
  if (number !== null || otherNumber !== null) return false;
  if (isJsonArray(one)) return isJsonArray(other) && one.length === other.length && one.every((value, at) => sameValue(value, other[at]));
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key], other[key]));
}

const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2}))?$/;

/** A time of day and a day are not the same; but either may come as a number. */
function sameTime(one: Json | undefined, other: Json | undefined): boolean {
  if (typeof one === 'string' && typeof other === 'string' && one.includes('T') !== other.includes('T')) return false;
  const time = millisecondsOf(one);
  return time !== null && time === millisecondsOf(other);
}

function millisecondsOf(value: Json | undefined): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !TIME.test(value) || !isDay(value.slice(0, 10))) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}

/** `Date.parse` takes a 30 February for 1 March. */
function isDay(day: string): boolean {
  const time = Date.parse(day);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function isJsonArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function literalOf(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value);
  return isExactNumber(value) ? value.value : null;
}

/** `-0100.50e1` -> `-1005e0`: digits without zeros at either end, and a power of ten. */
function canonical(literal: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
