/**
 * Salesforce ids: 15 characters in which case matters, or the same with 3 check characters that tell the case of the 15. For each block of
 * five, bit i is set where character i is upper-case; the value indexes this alphabet.
 */
const CHECK_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const BLOCK = 5;

export type IdReading =
  | { readonly kind: 'record'; /** In 18 characters. */ readonly id: string }
  /** No record but all of them: the wildcard of an object's prefix (`001*`), or the overflow id. */
  | { readonly kind: 'entity'; /** The wildcard as it is, the overflow id in 18 characters. */ readonly id: string }
  | { readonly kind: 'wrong'; readonly message: string };

const RECORD = /^[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?$/;
const WILDCARD = /^[A-Za-z0-9]{3}\*$/;
const OVERFLOW = '0'.repeat(15);

export function readRecordId(text: string): IdReading {
  if (!RECORD.test(text)) {
    return WILDCARD.test(text) ? { kind: 'entity', id: text } : { kind: 'wrong', message: 'is not a Salesforce id, which has 15 or 18 letters and digits' };
  }
  const base = text.slice(0, 15);
  const id = base + checkSuffix(base);
  if (text.length !== 15 && text !== id) return { kind: 'wrong', message: damage(text, id) };
  return { kind: base === OVERFLOW ? 'entity' : 'record', id };
}

/** The three check characters of an id of 15. */
export function checkSuffix(base: string): string {
  return checkCharacter(base, 0) + checkCharacter(base, BLOCK) + checkCharacter(base, 2 * BLOCK);
}

function checkCharacter(base: string, start: number): string {
  let bits = 0;
  for (let at = 0; at < BLOCK; at += 1) if (isUpperCase(base.charCodeAt(start + at))) bits |= 1 << at;
  return CHECK_ALPHABET.charAt(bits);
}

function isUpperCase(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function damage(text: string, id: string): string {
  const restored = withCaseOf(text.slice(0, 15), text.slice(15).toUpperCase());
  const changedCase = restored !== null && restored !== text;
  const cause = changedCase ? `upper and lower case were changed on the way; it was ${restored}` : `its last three characters would have to be ${id.slice(15)}`;
  return `has check characters that do not fit: ${cause}. Send ids as Salesforce gives them`;
}

/** The id with the case that its check characters tell, or null where they cannot be of this id. */
function withCaseOf(base: string, suffix: string): string | null {
  const characters = [...base.toLowerCase()].map((character, at) => {
    const bits = CHECK_ALPHABET.indexOf(suffix.charAt(Math.floor(at / BLOCK)));
    return (bits >> at % BLOCK) & 1 ? character.toUpperCase() : character;
  });
  const restored = characters.join('');
  return checkSuffix(restored) === suffix ? restored + suffix : null;
}
