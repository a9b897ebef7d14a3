import { endOfJsonString } from '@clientele/contracts';

const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

export interface JsonSurvey {
  /** How deep objects and arrays stand in each other. */
  readonly depth: number;
  /** Members of all its objects, each as often as it is written. */
  readonly members: number;
}

/** What can be told of a text without parsing it. Works on any text, so that it can be asked before a recursive parser sees it. */
export function survey(text: string): JsonSurvey {
  let level = 0;
  let depth = 0;
  let members = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfJsonString(text, at) - 1;
    else if (code === COLON) members += 1;
    else if (isOpening(code)) depth = Math.max(depth, (level += 1));
    else if (isClosing(code)) level -= 1;
  }
  return { depth, members };
}

/**
 * Where the value at a path of object keys stands in a JSON document, end exclusive; null where the path leads nowhere.
 * @param text is well-formed JSON: it has been parsed.
 */
export function valueSpan(text: string, path: readonly string[]): { start: number; end: number } | null {
  let start = skipSpace(text, 0);
  for (const key of path) {
    const member = memberValue(text, start, key);
    if (member === null) return null;
    start = member;
  }
  return { start, end: endOfValue(text, start) };
}

/** Where the value of a member begins, given where its object begins. */
function memberValue(text: string, object: number, wanted: string): number | null {
  if (text.charCodeAt(object) !== OPEN_BRACE) return null;
  let at = skipSpace(text, object + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = endOfJsonString(text, at);
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (keyOf(text.slice(at, keyEnd)) === wanted) return value;
    at = skipSpace(text, endOfValue(text, value));
    if (text.charCodeAt(at) !== COMMA) return null;
    at = skipSpace(text, at + 1);
  }
  return null;
}

function keyOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  const key: unknown = JSON.parse(literal);
  return String(key);
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfJsonString(text, start);
  let depth = 0;
  let at = start;
  for (; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfJsonString(text, at) - 1;
    else if (isOpening(code)) depth += 1;
    else if (isClosing(code)) {
      if (depth <= 1) return depth === 1 ? at + 1 : at;
      depth -= 1;
    } else if (depth === 0 && (code === COMMA || isSpace(code))) return at;
  }
  return at;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isOpening(code: number): boolean {
  return code === OPEN_BRACE || code === OPEN_BRACKET;
}

function isClosing(code: number): boolean {
  return code === CLOSE_BRACE || code === CLOSE_BRACKET;
}
