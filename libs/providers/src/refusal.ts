import { storableText, ValidationError, type Finding } from '@clientele/contracts';

/** What was wrong with a body. It is stored beside the body, so what it quotes (names of fields, a character) is made storable. */
export function refusal(summary: string, findings: readonly Finding[]): ValidationError {
  const storable = findings.map(({ path, code, message }) => ({ path: storableText(path), code, message: storableText(message) }));
  return new ValidationError(`${summary}: ${storable.map(({ path, message }) => `${path} ${message}`).join('; ')}`, storable);
}
