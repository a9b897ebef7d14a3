import type { EntityMapping } from '@clientele/contracts';
import type { CrmProvider, ProviderConfig } from '../provider.ts';
import { isOwnChange } from './change-origin.ts';
import { parseEnvelope, type SalesforceEnvelope } from './envelope.ts';
import { eventName } from './event-names.ts';
import { toEventWrites } from './event-writes.ts';
import { salesforceAccess } from './rest/access.ts';
import { applyTextDiff } from './text-diff.ts';
import { translate } from './translate.ts';

/** Salesforce by EventBridge: Change Data Capture events of an event relay or of AppFlow; its records by REST. */
export function salesforceProvider({ entities }: ProviderConfig): CrmProvider<SalesforceEnvelope> {
  return {
    name: 'salesforce',
    parse: parseEnvelope,
    toEventWrites: (envelope, context) => toEventWrites(envelope, context, entities),
    translate: (write) => translate(write, entities),
    changePath: eventName,
    isOwnChange,
    applyTextDiff,
    records: async (source, env, options) => {
      const access = salesforceAccess(source, env);
      if (access === null) return null;
      const { salesforceRecords } = await import('./rest/salesforce-records.ts');
      return salesforceRecords(access, (entity) => mappedPaths(Object.hasOwn(entities, entity) ? entities[entity] : undefined), options);
    },
  };
}

function mappedPaths(mapping: EntityMapping | undefined): string[] {
  return mapping === undefined ? [] : [...Object.keys(mapping.fields ?? {}), ...(mapping.status?.fields ?? [])];
}
