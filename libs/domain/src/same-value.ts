import { isExactNumber, isJsonObject, type Json } from './json.ts';

/**
 * Whether two values mean the same, however they are written: `100.50` is `100.5`, and no digit is lost in comparing. For values that came by
 * different ways (a feed, a reading); whether the same way brought the same text again is `sameJson`.
 */
export function sameValue(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  const [number, otherNumber] = [literalOf(one), literalOf(other)];
  if (number !== null || otherNumber !== null) return number !== null && otherNumber !== null && canonical(number) === canonical(otherNumber);
  if (isJsonArray(one)) return isJsonArray(other) && one.length === other.length && one.every((value, at) => sameValue(value, other[at]));
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => Object.hasOwn(other, key) && sameValue(one[key], other[key]));
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
