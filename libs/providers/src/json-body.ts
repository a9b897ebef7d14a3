import { isStorable, numberLiteral, parseCounted, parseExact, type Finding, type ValidationError } from '@clientele/contracts';
import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { isUtf8 } from 'node:buffer';
import { survey } from './json-text.ts';
import { refusal } from './refusal.ts';

/** Far above what any CRM sends; they keep a hostile body from costing more than its bytes. */
const BOUNDS = { depth: 32, keyLength: 255, stringLength: 262_144, numberLength: 1_000, exponent: 400 };
const MOST_FINDINGS = 20;

const BYTE_ORDER_MARK = '\uFEFF';
/** What a database or the next reader may take for something else than a name: `__proto__`, `constructor`, `toString` ... */
const INHERITED_KEYS = new Set(Object.getOwnPropertyNames(Object.prototype));

export interface JsonBody {
  readonly text: string;
  readonly value: Json;
}

/** @throws ValidationError where the bytes are not one JSON document in UTF-8 of sane depth. */
export function readJsonBody(body: Uint8Array): JsonBody {
  if (body.length === 0) throw wrongBody('empty', 'is empty: send the event as JSON');
  if (!isUtf8(body)) throw wrongBody('encoding', 'is not UTF-8: send JSON in UTF-8, and not compressed');
  const decoded = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const text = decoded.startsWith(BYTE_ORDER_MARK) ? decoded.slice(1) : decoded;
  const { depth, members } = survey(text);
  if (depth > BOUNDS.depth) throw wrongBody('depth', `nests deeper than ${BOUNDS.depth} levels`);
  try {
    return { text, value: parse(text, members) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrongBody('json', `is not JSON: ${error.message}`);
  }
}

/**
 * The fast reader overlooks repeated keys, and quotes the text when it is no JSON; the slow one does neither, and has the last word.
 * @throws SyntaxError where the text is not JSON, or repeats a key with another value.
 */
function parse(text: string, members: number): Json {
  try {
    const counted = parseCounted(text);
    if (counted.members === members) return counted.value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return parseExact(text);
}

/** What cannot be stored of an object's members, or only at a risk. `mayHoldEscapes`: whether `\u` occurs in the text at all. */
export function fieldFindings(object: JsonObject, root: string, mayHoldEscapes: boolean): Finding[] {
  const findings: Finding[] = [];
  const add = (path: string, code: string, message: string): void => {
    if (findings.length < MOST_FINDINGS) findings.push({ path, code, message });
  };
  const visit = (value: Json, path: string): void => {
    if (typeof value === 'string') {
      if (value.length > BOUNDS.stringLength) add(path, 'length', `is longer than ${BOUNDS.stringLength} characters`);
      if (mayHoldEscapes && !isStorable(value)) add(path, 'character', 'holds U+0000 or half a surrogate pair, which cannot be stored');
    } else if (isJsonObject(value)) visitMembers(value, path);
    else if (Array.isArray(value)) value.forEach((item: Json, at) => visit(item, `${path}[${at}]`));
    else if (typeof value === 'object' && !isStorableNumber(value)) add(path, 'number', 'is a number of a size or precision that cannot be stored');
  };
  const visitMembers = (object: JsonObject, parent: string): void => {
    for (const [key, value] of Object.entries(object)) {
      const path = `${parent}.${key.slice(0, BOUNDS.keyLength)}`;
      if (key.length === 0 || key.length > BOUNDS.keyLength) add(path, 'key', `has a name that is empty or longer than ${BOUNDS.keyLength} characters`);
      else if (INHERITED_KEYS.has(key) || (mayHoldEscapes && !isStorable(key))) add(path, 'key', 'is not a name that a field can have');
      else visit(value, path);
    }
  };
  visitMembers(object, root);
  return findings;
}

function isStorableNumber(value: Json): boolean {
  const literal = numberLiteral(value);
  if (literal === null) return true;
  const [, exponent = '0'] = literal.split(/e/i);
  return literal.length <= BOUNDS.numberLength && Math.abs(Number(exponent)) <= BOUNDS.exponent;
}

function wrongBody(code: string, message: string): ValidationError {
  return refusal('Not a body that can be read', [{ path: 'body', code, message }]);
}
