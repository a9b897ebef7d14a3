import type { Json } from '@clientele/domain';
import { LosslessNumber, parse } from 'lossless-json';
import { randomUUID } from 'node:crypto';
import { markInexactNumbers } from './inexact-numbers.ts';

/**
 * Parses JSON without losing a digit: a number literal that a double does not reproduce becomes a `LosslessNumber`
 * (the domain's `ExactNumber`).
 * @throws SyntaxError where the text is not JSON, or repeats a key with another value.
 */
export function parseExact(text: string): Json {
  return asJson(parse(text, undefined, parseNumber));
}

/**
 * The same for text that `stringifyExact` wrote (repeated keys are not looked for), many times as fast. Nothing that it returns keeps
 * the text in memory.
 */
export function parseWritten(text: string): Json {
  const marked = markInexactNumbers(text, MARK);
  const value: unknown = JSON.parse(marked);
  return asJson(marked === text ? value : withoutMarks(value, { members: 0 }));
}

/** The same, and how many members all its objects have: fewer than the text has where it repeats a key. */
export function parseCounted(text: string): { readonly value: Json; readonly members: number } {
  const value: unknown = JSON.parse(markInexactNumbers(text, MARK));
  const count = { members: 0 };
  return { value: asJson(withoutMarks(value, count)), members: count.members };
}

/** Writes JSON with every digit that was read. `undefined` members are left out. */
export function stringifyExact(value: unknown): string {
  if (value === undefined) return 'null';
  const text = JSON.stringify(value);
  return text.includes(MARK) ? text.replace(MARKED, '$1') : text;
}

/** An exact number from its literal, for values made here, such as a commit number. */
export function exactNumber(literal: string): Json {
  return asJson(parseNumber(literal));
}

function parseNumber(literal: string): unknown {
  const value = Number(literal);
  return String(value) === literal ? value : new WritableNumber(literal);
}

/** Drawn at each start, so that no text can be taken for a marked number. */
const MARK = `exact:${randomUUID()}:`;
const MARKED = new RegExp(`"${MARK}([^"]+)"`, 'g');

/** An exact number that the built-in writer, three times as fast as the library's, can write: as a marked string, stripped afterwards. */
class WritableNumber extends LosslessNumber {
  toJSON(): string {
    return MARK + this.value;
  }
}

/** Puts exact numbers in the place of marked strings, in place, and counts the members of objects. */
function withoutMarks(value: unknown, count: { members: number }): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? new WritableNumber(value.slice(MARK.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  // By index: names of elements cost several times as much, and a record's state is mostly short lists.
  if (Array.isArray(value)) return restoreElements(value, count);
  const keys = Object.keys(value);
  count.members += keys.length;
  for (const key of keys) {
    const member: unknown = Reflect.get(value, key);
    const restored = withoutMarks(member, count);
    // Not by assignment, which would take a key `__proto__` for what it is elsewhere.
    if (restored !== member) Object.defineProperty(value, key, { value: restored, configurable: true, enumerable: true, writable: true });
  }
  return value;
}

function restoreElements(list: unknown[], count: { members: number }): unknown[] {
  for (let at = 0; at < list.length; at += 1) {
    const restored = withoutMarks(list[at], count);
    if (restored !== list[at]) list[at] = restored;
  }
  return list;
}

/** What a parser of JSON gives is JSON: only that it gave something can be told apart. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}

function asJson(value: unknown): Json {
  if (!isJson(value)) throw new SyntaxError('no JSON');
  return value;
}
