import type { CrmProvider, ProviderConfig } from '../provider.ts';
import { parseEnvelope, type SalesforceEnvelope } from './envelope.ts';
import { toEventWrites } from './event-writes.ts';
import { translate } from './translate.ts';

/** Salesforce by EventBridge: Change Data Capture events of an event relay or of AppFlow. */
export function salesforceProvider({ entities }: ProviderConfig): CrmProvider<SalesforceEnvelope> {
  return {
    name: 'salesforce',
    parse: parseEnvelope,
    toEventWrites: (envelope, context) => toEventWrites(envelope, context, entities),
    translate: (write) => translate(write, entities),
  };
}
