import { rememberLast } from '../remember-last.ts';
import { readRecordId } from './record-id.ts';

const RELAY = /^aws\.partner\/salesforce\.com\/(?<org>00D[A-Za-z0-9]{12,15})(\/|$)/;

/** The org id, in 18 characters, in an EventBridge `source`: an event relay's names it; null for AppFlow's and all others. */
export const orgIdOf = rememberLast((eventBridgeSource: string): string | null => {
  const org = RELAY.exec(eventBridgeSource)?.groups?.['org'];
  const reading = org === undefined ? null : readRecordId(org);
  return reading?.kind === 'record' ? reading.id : null;
});
