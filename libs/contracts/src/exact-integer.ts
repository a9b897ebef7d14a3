import type { ExactNumber } from '@clientele/domain';
import { Kind, Type, TypeRegistry, type TUnsafe } from '@sinclair/typebox';
import { LosslessNumber } from 'lossless-json';

const KIND = 'ExactInteger';

/** The literal of a number that came through `parseExact`, as it was written; null for what is no number. */
export function numberLiteral(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return value instanceof LosslessNumber ? value.value : null;
}

/**
 * A non-negative integer of up to 64 bits that came through `parseExact`: a plain number, or an exact one beyond 2^53. A string of digits
 * is not one, nor is `1.0` or `1e3`. The API description shows it as an integer.
 */
export function ExactInteger(options: { readonly maximum: bigint; readonly description?: string }): TUnsafe<number | ExactNumber> {
  const { maximum, ...rest } = options;
  return Type.Unsafe<number | ExactNumber>({ [Kind]: KIND, type: 'integer', format: 'int64', minimum: 0, 'x-maximum': String(maximum), ...rest });
}

TypeRegistry.Set<{ 'x-maximum': string }>(KIND, (schema, value) => {
  const literal = numberLiteral(value) ?? '';
  if (!/^\d{1,19}$/.test(literal)) return false;
  return literal.length < schema['x-maximum'].length || BigInt(literal) <= BigInt(schema['x-maximum']);
});
