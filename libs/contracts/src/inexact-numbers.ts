/**
 * What may be, inside a string or not, a number literal that a double does not give back as it was written: an exponent, minus zero, 16
 * digits or more, a fraction that ends in 0 or begins with many.
 */
const SUSPECT = /(?:^|[:,[])\s*(?=-0(?![.\d])|-?(?:[\d.]{16,}|\d+\.\d*0(?!\d)|[\d.]+[eE]|0\.00000))/g;
/** A whole number literal of JSON; half of one is no JSON, and left to the parser to refuse. */
const NUMBER = /(?<![\d.eE+-])-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d.eE+-])/;
const NUMBER_HERE = new RegExp(NUMBER, 'y');
const NUMBERS = new RegExp(NUMBER, 'g');
const MAY_PRECEDE_STRING = /[:,[{\s]/;
const BACKSLASH = 0x5c;

/**
 * The JSON text with each number that a double would change written as a string, `mark` before its literal; the text itself where there
 * is none. What is no JSON is not made JSON by it.
 */
export function markInexactNumbers(text: string, mark: string): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { index, 0: before } of text.matchAll(SUSPECT)) {
    const colonFollows = before.startsWith(':') ? (text[index - 1] ?? '') : '';
    // A colon after anything but a quote or space, as in a time of day, stands inside a string; so does one after an escaped quote.
    if (/[^"\s]/.test(colonFollows) || (colonFollows === '"' && isEscaped(text, index - 1))) continue;
    // After a quote that closes a key a value begins. Whatever else it is, all strings must be found.
    if (colonFollows !== '"' || MAY_PRECEDE_STRING.test(text[index - 2] ?? ':')) return markBetweenStrings(text, mark);
    const start = index + before.length;
    NUMBER_HERE.lastIndex = start;
    const literal = NUMBER_HERE.exec(text)?.[0];
    if (literal === undefined || isExact(literal)) continue;
    parts.push(text.slice(copied, start), `"${mark}${literal}"`);
    copied = start + literal.length;
  }
  return copied === 0 ? text : [...parts, text.slice(copied)].join('');
}

function markBetweenStrings(text: string, mark: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const quote = indexOrEnd(text, at);
    // Between two strings stands one character most of the time; the shortest number that counts has two.
    if (quote - at > 1) {
      const between = text.slice(at, quote);
      const marked = between.replace(NUMBERS, (literal) => (isExact(literal) ? literal : `"${mark}${literal}"`));
      if (marked !== between) {
        parts.push(text.slice(copied, at), marked);
        copied = quote;
      }
    }
    at = endOfString(text, quote);
  }
  return copied === 0 ? text : [...parts, text.slice(copied)].join('');
}

function isExact(literal: string): boolean {
  return String(Number(literal)) === literal;
}

/** Behind the closing quote of the string that opens at `quote`. */
function endOfString(text: string, quote: number): number {
  let close = quote;
  do {
    close = indexOrEnd(text, close + 1);
  } while (isEscaped(text, close));
  return close + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function indexOrEnd(text: string, from: number): number {
  const index = text.indexOf('"', from);
  return index === -1 ? text.length : index;
}
