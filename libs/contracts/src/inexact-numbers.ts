import { endOfJsonString } from './json-string.ts';

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
/** A double gives back every integer of fewer digits. */
const DIGITS_IN_DOUBT = 16;
/** A number literal of JSON, whole. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const COLON_NEXT = /\s*:/y;

/**
 * The JSON text with each number that a double would change written as a string, `mark` before its literal; the text itself where there
 * is none. What is no JSON is not made JSON by it.
 */
export function markInexactNumbers(text: string, mark: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfJsonString(text, at);
    } else if (code === MINUS || isDigit(code)) {
      const start = at;
      at = endOfDigits(text, start + 1);
      const plain = code !== MINUS && !isInNumber(text.charCodeAt(at));
      if (plain && at - start < DIGITS_IN_DOUBT) continue;
      at = endOfNumber(text, at);
      const literal = text.slice(start, at);
      if (String(Number(literal)) === literal || !NUMBER.test(literal) || isKey(text, at)) continue;
      parts.push(text.slice(copied, start), `"${mark}${literal}"`);
      copied = at;
    } else {
      at += 1;
    }
  }
  return copied === 0 ? text : [...parts, text.slice(copied)].join('');
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfNumber(text: string, from: number): number {
  let at = from;
  while (isInNumber(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Of `0-9.eE+-`. */
function isInNumber(code: number): boolean {
  return isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS;
}

/** A number before a colon is no JSON, a string would be. */
function isKey(text: string, end: number): boolean {
  COLON_NEXT.lastIndex = end;
  return COLON_NEXT.test(text);
}
