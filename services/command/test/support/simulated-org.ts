import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { ProcessCrmEvent } from '@clientele/contracts';
import { effectiveFields, initialRecord, sameValue, type RecordState } from '@clientele/domain';
import { keyText, PostgresEventStore } from '@clientele/event-store';
import { createProvider } from '@clientele/providers';
import { createPool, loadClienteleConfig } from '@clientele/service-kit';
import { SalesforceOrg, startSalesforce, type OrgOptions, type RelayEvent, type SalesforceServer, type SalesforceServerOptions } from '@clientele/testing';
import type { TestSystem } from './system.ts';

export interface OrgSetting {
  readonly org: OrgOptions;
  readonly server?: Omit<SalesforceServerOptions, 'org'>;
  /** Of the org's API calls that are ours (default 0.5). */
  readonly share?: number;
  /** Mapped beside the standard objects. */
  readonly entities?: Record<string, { aggregate: string }>;
}

/** An org that answers over REST, and how a command service is told of it. */
export interface SimulatedOrg {
  readonly org: SalesforceOrg;
  readonly server: SalesforceServer;
  readonly source: string;
  /** For the command service. */
  readonly env: Record<string, string>;
}

export async function simulatedOrg(t: Test, { org: options, server: serving = {}, share = 0.5, entities = {} }: OrgSetting): Promise<SimulatedOrg> {
  const org = new SalesforceOrg(options);
  const server = await startSalesforce({ ...serving, org });
  t.teardown(() => server.stop());
  const file = join(t.testdir(), 'clientele.yaml');
  const source = {
    id: org.source, provider: 'salesforce', base_url: server.baseUrl, quota: { share },
    credentials: { type: 'client_credentials', client_id: '${ORG_CLIENT_ID}', client_secret: '${ORG_CLIENT_SECRET}' },
  };
  const config = loadClienteleConfig();
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ ...config, mapping: { ...config.mapping, salesforce: { ...config.mapping['salesforce'], ...entities } }, sources: [source] }));
  const { clientId, clientSecret } = server.credentials;
  return { org, server, source: org.source, env: { CLIENTELE_CONFIG: file, ORG_CLIENT_ID: clientId, ORG_CLIENT_SECRET: clientSecret } };
}

const provider = createProvider('salesforce', loadEntities());

function loadEntities() {
  return { entities: loadClienteleConfig().mapping['salesforce'] ?? {} };
}

/** What ingest makes of an event of the relay. */
export function commandsOf({ body }: RelayEvent, source: string): ProcessCrmEvent[] {
  const envelope = provider.parse(Buffer.from(body));
  const receivedAt = new Date().toISOString();
  return provider.toEventWrites(envelope, { source, correlationId: 'simulated' }).map(({ write, rawEvent }): ProcessCrmEvent => ({
    type: 'ProcessCrmEvent', schemaVersion: 1, commandId: write.id, provider: 'salesforce', event: write, rawEvent, correlationId: 'simulated', receivedAt,
  }));
}

const AT_ONCE = 100;

/** Sends a feed to its end; answers how many changes it held. */
export async function sendFeed(system: TestSystem, feed: Iterable<RelayEvent>, source: string): Promise<number> {
  let waiting: ProcessCrmEvent[] = [];
  let sent = 0;
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await system.send(...waiting);
    sent += waiting.length;
    waiting = [];
  };
  for (const event of feed) {
    waiting.push(...commandsOf(event, source));
    if (waiting.length >= AT_ONCE) await flush();
  }
  await flush();
  return sent;
}

/** Where what the log tells is not how the org stands: nothing, where all is well. */
export async function untruths(system: TestSystem, { server, source }: Pick<SimulatedOrg, 'server' | 'source'>): Promise<string[]> {
  const pool = createPool(system.ownerUrl, { applicationName: 'truth' });
  try {
    const store = new PostgresEventStore({ pool });
    const truth = server.truth();
    const keys = truth.map(({ entity, externalId }) => ({ source, entity, externalId }));
    const { mappings } = await store.load({ keys, commandIds: [] });
    const states = await store.readRecords([...mappings.values()]);
    return truth.flatMap((record, at) => {
      const key = keys[at];
      const state = states.get((key && mappings.get(keyText(key))) ?? '') ?? initialRecord;
      return untruthsOf(record, state).map((what) => `${record.entity} ${record.externalId}: ${what}`);
    });
  } finally {
    await pool.end();
  }
}

function untruthsOf({ lifecycle, fields }: ReturnType<SalesforceServer['truth']>[number], state: RecordState): string[] {
  if (lifecycle === 'deleted') return state.version > 0 && state.lifecycle === 'active' ? ['is deleted, and told as alive'] : [];
  if (state.version === 0) return ['is not known'];
  if (state.lifecycle !== 'active') return ['is alive, and told as deleted'];
  const held = effectiveFields(state);
  const paths = new Set([...fields.keys(), ...held.keys()]);
  return [...paths]
    .filter((path) => !sameValue(fields.get(path) ?? null, held.get(path)?.value ?? null))
    .map((path) => `${path} is ${JSON.stringify(fields.get(path))}, and told as ${JSON.stringify(held.get(path)?.value)}`);
}
