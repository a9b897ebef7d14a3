import { numberLiteral, type SalesforceChangeEventHeader } from '@clientele/contracts';
import { hash } from 'node:crypto';
import { rememberLast } from '../remember-last.ts';

const HASH_CHARACTERS = 27;
const DAY_MS = 86_400_000;

/** `YYYYMMDD`, of days since 1970. */
const dayText = rememberLast((day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', ''));

/**
 * The id of one change of one record: the same whatever brings it, however often, in whatever envelope, with an id of 15 or 18 characters.
 * `YYYYMMDD-` is the UTC day of the commit; the rest are 162 bits of SHA-256 over what Salesforce says of the change's place.
 * @param target the record's id in 18 characters, or what stands in its place where a whole object is meant.
 */
export function changeId(source: string, header: SalesforceChangeEventHeader, target: string): string {
  const { transactionKey, sequenceNumber, entityName, changeType, commitTimestamp } = header;
  const place = [source, transactionKey, numberLiteral(sequenceNumber), entityName, changeType, numberLiteral(commitTimestamp), target];
  return `${dayText(Math.floor(Number(commitTimestamp) / DAY_MS))}-${hash('sha256', JSON.stringify(place), 'base64url').slice(0, HASH_CHARACTERS)}`;
}
