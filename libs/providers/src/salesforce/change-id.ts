import { numberLiteral, type SalesforceChangeEventHeader } from '@clientele/contracts';
import { hash } from 'node:crypto';

const HASH_CHARACTERS = 27;

/**
 * The id of one change of one record: the same whatever brings it, however often, in whatever envelope, with an id of 15 or 18 characters.
 * `YYYYMMDD-` is the UTC day of the commit; the rest are 162 bits of SHA-256 over what Salesforce says of the change's place.
 * @param target the record's id in 18 characters, or what stands in its place where a whole object is meant.
 */
export function changeId(source: string, header: SalesforceChangeEventHeader, target: string): string {
  const { transactionKey, sequenceNumber, entityName, changeType, commitTimestamp } = header;
  const place = [source, transactionKey, numberLiteral(sequenceNumber), entityName, changeType, numberLiteral(commitTimestamp), target];
  return `${dayOf(Number(commitTimestamp))}-${hash('sha256', JSON.stringify(place), 'base64url').slice(0, HASH_CHARACTERS)}`;
}

const DAY_MS = 86_400_000;
let lastDay = { number: NaN, text: '' };

/** `YYYYMMDD`, of milliseconds since 1970. Nearly all changes are of the day of the one before. */
function dayOf(ms: number): string {
  const number = Math.floor(ms / DAY_MS);
  if (number !== lastDay.number) lastDay = { number, text: new Date(ms).toISOString().slice(0, 10).replaceAll('-', '') };
  return lastDay.text;
}
