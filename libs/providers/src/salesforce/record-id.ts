/**
 * Salesforce ids: 15 characters in which case matters, or the same with 3 check characters that tell the case of the 15. For each block of
 * five, bit i is set where character i is upper-case; the value indexes this alphabet.
 */
const CHECK_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const BLOCK = 5;

export type IdReading =
  | { readonly kind: 'record'; /** In 18 characters. */ readonly id: string }
  /** No record but all of them: the wildcard of an object's prefix (`001*`), or the overflow id. */
  | { readonly kind: 'entity' }
  | { readonly kind: 'wrong'; readonly message: string };

export function readRecordId(text: string): IdReading {
  if (/^[A-Za-z0-9]{3}\*$/.test(text) || /^0{15}(AAA)?$/.test(text)) return { kind: 'entity' };
  if (!/^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$/.test(text)) return { kind: 'wrong', message: 'is not a Salesforce id, which has 15 or 18 letters and digits' };
  const base = text.slice(0, 15);
  const id = base + checkSuffix(base);
  return text.length === 15 || text === id ? { kind: 'record', id } : { kind: 'wrong', message: damage(text, id) };
}

/** The three check characters of an id of 15. */
export function checkSuffix(base: string): string {
  return [0, BLOCK, 2 * BLOCK].map((start) => CHECK_ALPHABET.charAt(upperCaseBits(base.slice(start, start + BLOCK)))).join('');
}

function upperCaseBits(block: string): number {
  return [...block].reduce((bits, character, at) => bits | (/[A-Z]/.test(character) ? 1 << at : 0), 0);
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
