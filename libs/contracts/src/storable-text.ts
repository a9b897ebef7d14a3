/** Characters that PostgreSQL stores neither in text nor in jsonb: U+0000, and half of a surrogate pair. */
const UNSTORABLE = /\0|\p{Surrogate}/gu;

export function isStorable(text: string): boolean {
  return text.search(UNSTORABLE) === -1;
}

/** The text with a replacement character for each that cannot be stored. */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD');
}
