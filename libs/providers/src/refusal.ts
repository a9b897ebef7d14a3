import { ValidationError, type Finding } from '@clientele/contracts';

/** Characters that PostgreSQL stores neither in text nor in jsonb. */
const UNSTORABLE = /\0|\p{Surrogate}/gu;

export function isStorable(text: string): boolean {
  return text.search(UNSTORABLE) === -1;
}

/** What was wrong with a body. It is stored beside the body, so what it quotes (names of fields, a character) is made storable. */
export function refusal(summary: string, findings: readonly Finding[]): ValidationError {
  const storable = findings.map(({ path, code, message }) => ({ path: path.replace(UNSTORABLE, '\uFFFD'), code, message: message.replace(UNSTORABLE, '\uFFFD') }));
  return new ValidationError(`${summary}: ${storable.map(({ path, message }) => `${path} ${message}`).join('; ')}`, storable);
}
