import type { Test } from 'tap';
import { FULL_LIFE, relayFeed, SalesforceOrg, startSalesforce, type SalesforceServerOptions } from '../../src/index.ts';
import { SalesforceClient } from './salesforce-client.ts';

export const small = { seed: 'api', records: 150, changes: 1500, life: { ...FULL_LIFE, vanishings: 0.01, formulas: true } };

/** An org at the end of its history, unless told otherwise, and somebody who is logged in. */
export async function scene(t: Test, options: Partial<SalesforceServerOptions> = {}) {
  const org = options.org instanceof SalesforceOrg ? options.org : new SalesforceOrg(options.org ?? small);
  if (options.org === undefined) Array.from(relayFeed(org));
  const server = await startSalesforce({ ...options, org });
  t.teardown(async () => await server.stop());
  const client = new SalesforceClient(server);
  await client.login();
  const truth = new Map(org.truth().map((record) => [record.externalId, record]));
  const some = (entity: string, lifecycle = 'active') => [...truth.values()].find((record) => record.entity === entity && record.lifecycle === lifecycle && !record.purged && record.fields.get('IsPersonAccount') !== true)!;
  return { org, server, client, truth, some };
}
