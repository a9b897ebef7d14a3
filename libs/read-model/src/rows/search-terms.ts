const MAX_TERMS = 64;
const MAX_TERM_LENGTH = 64;
const MAX_TEXT_LENGTH = 256;

/** The words by which a record is found: lower case, without accents, letters and digits only, each once; at most 64 of 64 characters. */
export function searchTerms(texts: Iterable<string>): readonly string[] {
  const terms = new Set<string>();
  for (const text of texts) {
    for (const word of words(text)) {
      if (terms.size === MAX_TERMS) return [...terms];
      terms.add(word);
    }
  }
  return [...terms];
}

/**
 * A tsquery for records that hold every word of `text`, each as a word or as the beginning of one; null where `text` has no word.
 * Nothing of `text` but letters and digits gets into it.
 */
export function searchQuery(text: string): string | null {
  const terms = searchTerms([text]);
  return terms.length === 0 ? null : terms.map((term) => `'${term}':*`).join(' & ');
}

function words(text: string): string[] {
  const start = text.slice(0, MAX_TEXT_LENGTH);
  // Most texts need nothing of the rest, which takes several times as long.
  const found = ASCII.test(start)
    ? start.toLowerCase().match(/[a-z0-9]+/g)
    : start.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase().match(/[\p{L}\p{N}]+/gu);
  return (found ?? []).map((word) => word.slice(0, MAX_TERM_LENGTH));
}

const ASCII = /^[\x20-\x7e]*$/;
