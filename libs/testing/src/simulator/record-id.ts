const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const CHECKS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** The n-th id of a prefix (`001`) in an org, as Salesforce writes it: 15 characters in which case matters, and 3 that check their case. */
export function recordId(prefix: string, pod: string, n: number): string {
  const id = `${prefix}${pod}${base62(n).padStart(15 - prefix.length - pod.length, '0')}`;
  return id + [0, 5, 10].map((start) => CHECKS.charAt(capitals(id.slice(start, start + 5)))).join('');
}

function capitals(block: string): number {
  return Array.from(block).reduce((bits, character, at) => (character >= 'A' && character <= 'Z' ? bits + 2 ** at : bits), 0);
}

function base62(n: number): string {
  const rest = Math.floor(n / 62);
  return (rest > 0 ? base62(rest) : '') + ALPHABET.charAt(n % 62);
}
