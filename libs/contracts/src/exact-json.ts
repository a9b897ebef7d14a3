import type { Json } from '@clientele/domain';
import { LosslessNumber, parse, stringify } from 'lossless-json';

/**
 * Parses JSON without losing a digit: a number literal that a double does not reproduce becomes a `LosslessNumber`
 * (the domain's `ExactNumber`).
 * @throws SyntaxError where the text is not JSON, or repeats a key with another value.
 */
export function parseExact(text: string): Json {
  return parse(text, undefined, parseNumber) as Json;
}

/** Writes JSON with every digit that was read. `undefined` members are left out. */
export function stringifyExact(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** An exact number from its literal, for values made here, such as a commit number. */
export function exactNumber(literal: string): Json {
  return parseNumber(literal) as Json;
}

function parseNumber(literal: string): unknown {
  const value = Number(literal);
  return String(value) === literal ? value : new LosslessNumber(literal);
}
