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

export function isExactNumber(value: Json): value is ExactNumber {
  return typeof value === 'object' && value !== null && 'isLosslessNumber' in value && value.isLosslessNumber === true;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value as Json);
}
