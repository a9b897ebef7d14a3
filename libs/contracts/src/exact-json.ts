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

/**
 * The same for text that `stringifyExact` wrote (repeated keys are not looked for): four times as fast where no number of it needs more
 * than a double, which nearly all text is.
 */
export function parseWritten(text: string): Json {
  return MAYBE_INEXACT.test(text) ? parseExact(text) : (JSON.parse(text) as Json);
}

/**
 * A number literal that a double may not give back as it was written: an exponent, minus zero, 16 digits or more, a fraction that ends in
 * 0 or begins with many. What merely looks like one inside a string costs time, not truth.
 */
const MAYBE_INEXACT = /(?:^|[:,[])\s*(?:-0(?![.\d])|-?(?:[\d.]{16,}|\d+\.\d*0(?!\d)|[\d.]+[eE]|0\.00000))/;

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
