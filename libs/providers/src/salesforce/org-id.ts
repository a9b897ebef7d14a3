import { readRecordId } from './record-id.ts';

const RELAY = /^aws\.partner\/salesforce\.com\/(?<org>00D[A-Za-z0-9]{12,15})(\/|$)/;

/** The org id, in 18 characters, in an EventBridge `source`: an event relay's names it; null for AppFlow's and all others. */
export function orgIdOf(eventBridgeSource: string): string | null {
  if (eventBridgeSource !== last.source) last = { source: eventBridgeSource, org: readOrgId(eventBridgeSource) };
  return last.org;
}

/** Nearly all events are of the sender of the one before. */
let last: { readonly source: string; readonly org: string | null } = { source: '', org: null };

function readOrgId(eventBridgeSource: string): string | null {
  const org = RELAY.exec(eventBridgeSource)?.groups?.['org'];
  const reading = org === undefined ? null : readRecordId(org);
  return reading?.kind === 'record' ? reading.id : null;
}
