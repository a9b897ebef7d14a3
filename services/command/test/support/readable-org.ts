import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import type { ProcessCrmEvent } from '@clientele/contracts';
import { dirtySince, effectiveFields, sameValue } from '@clientele/domain';
import { keyText, PostgresEventStore } from '@clientele/event-store';
import { createProvider } from '@clientele/providers';
import { createPool, DEFAULT_CONFIG_FILE, loadClienteleConfig } from '@clientele/service-kit';
import { eventually, SalesforceOrg, startSalesforce, type Habits, type OrgOptions, type RelayEvent, type SalesforceServer } from '@clientele/testing';
import { change, type ChangeSpec } from './commands.ts';
import type { CommandProcess, TestSystem } from './system.ts';

const { mapping } = loadClienteleConfig();
const provider = createProvider('salesforce', { entities: mapping['salesforce'] ?? {} });

/** What else a leader does for its source would answer before a read is asked for. */
const NOTHING_BY_ITSELF = { LOAD_ON_CONNECT: 'false', SAMPLE_EVERY_MINUTES: '0', COMPARE_EVERY_HOURS: '0', FEED_LOOK_SECONDS: '0' };

export interface WantedRow {
  readonly external_id: string;
  readonly reason: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_error: string | null;
}

export interface ReportedSource {
  readonly id: string;
  readonly readable: boolean;
  readonly reader: { readonly state: string; readonly reason: string | null };
  readonly breaker: { readonly state: string } | null;
  readonly quota: { readonly spent: Record<string, number>; readonly budget: number | null; readonly left: number | null } | null;
  readonly reads: { readonly open: number; readonly given_up: number };
}

/** An org that answers over REST, configured as a source of command processes. */
export class ReadableOrg {
  readonly server: SalesforceServer;
  readonly env: Record<string, string>;
  readonly #system: TestSystem;

  constructor(server: SalesforceServer, env: Record<string, string>, system: TestSystem) {
    this.server = server;
    this.env = env;
    this.#system = system;
  }

  get source(): string {
    return this.server.org.source;
  }

  /** A change of one of its records, as ingest sends it. */
  change(spec: ChangeSpec): ProcessCrmEvent {
    const command = change({ at: Date.now(), ...spec });
    return { ...command, event: { ...command.event, source: this.source } };
  }

  /** What ingest makes of an event of its relay. */
  commands({ body }: RelayEvent): ProcessCrmEvent[] {
    const correlationId = randomUUID();
    return provider.toEventWrites(provider.parse(Buffer.from(body)), { source: this.source, correlationId }).map(({ write, rawEvent }) => ({
      type: 'ProcessCrmEvent', schemaVersion: 1, commandId: write.id, provider: 'salesforce', event: write, rawEvent, correlationId,
      receivedAt: new Date().toISOString(),
    }));
  }

  async wanted(): Promise<WantedRow[]> {
    const { rows } = await this.#system.db.query<WantedRow>('select external_id, reason, state, attempts, last_error from clientele.reads order by 1');
    return rows;
  }

  /** Waits until no read is wanted any more that clears a doubt. */
  async allRead(timeoutMs = 30_000): Promise<void> {
    await eventually('all reads are answered', async () => (await this.wanted()).filter(({ reason }) => reason !== 'survivor'), {
      until: (rows) => rows.length === 0, timeoutMs,
    });
  }

  async report(process: CommandProcess): Promise<ReportedSource> {
    const { body } = await process.get('/sources');
    const items: ReportedSource[] = JSON.parse(JSON.stringify(body)).items;
    const found = items.find(({ id }) => id === this.source);
    if (found === undefined) throw new Error(`${this.source} is not listed`);
    return found;
  }

  /** In what our records differ from the org's: nothing, where all is well. */
  async differences(): Promise<string[]> {
    const pool = createPool(this.#system.ownerUrl, { applicationName: 'test' });
    try {
      const store = new PostgresEventStore({ pool });
      const truth = this.server.truth();
      const keys = truth.map(({ entity, externalId }) => ({ source: this.source, entity, externalId }));
      const { mappings } = await store.load({ keys, commandIds: [] });
      const states = await store.readRecords([...mappings.values()]);
      return truth.flatMap(({ entity, externalId, lifecycle, fields }) => {
        const state = states.get(mappings.get(keyText({ source: this.source, entity, externalId })) ?? '');
        const name = `${entity} ${externalId}`;
        if (state === undefined) return [`${name} is not known`];
        const found = [
          ...(state.lifecycle === lifecycle ? [] : [`${name} is ${state.lifecycle}, not ${lifecycle}`]),
          ...(dirtySince(state) === null ? [] : [`${name} is in doubt`]),
        ];
        if (lifecycle === 'deleted') return found;
        if (!state.complete) found.push(`${name} is not complete`);
        const ours = effectiveFields(state);
        return [...found, ...[...fields].flatMap(([path, value]) => {
          const own = ours.get(path)?.value ?? null;
          return sameValue(own, value) ? [] : [`${name} ${path}: ${JSON.stringify(own)}, not ${JSON.stringify(value)}`];
        })];
      });
    } finally {
      await pool.end();
    }
  }
}

export interface ReadableOrgOptions {
  readonly org: Omit<OrgOptions, 'clock'>;
  readonly habits?: Partial<Habits>;
  readonly dailyQuota?: number;
  /** M. */
  readonly marginMs?: number;
}

export async function readableOrg(t: Test, system: TestSystem, { org, habits = {}, dailyQuota = 100_000, marginMs = 2000 }: ReadableOrgOptions): Promise<ReadableOrg> {
  const server = await startSalesforce({ org: new SalesforceOrg({ ...org, clock: 'live' }), habits, dailyQuota });
  const folder = mkdtempSync(join(tmpdir(), 'clientele-org-'));
  t.teardown(async () => {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  });
  const file = join(folder, 'clientele.yaml');
  writeFileSync(file, `${readFileSync(DEFAULT_CONFIG_FILE, 'utf8')}
sources:
  - id: ${server.org.source}
    provider: salesforce
    base_url: ${server.baseUrl}
    credentials: { type: client_credentials, client_id: "\${SF_ID}", client_secret: "\${SF_SECRET}" }
    clock_skew_ms: ${marginMs}
`);
  const { clientId, clientSecret } = server.credentials;
  const env = { CLIENTELE_CONFIG: file, SF_ID: clientId, SF_SECRET: clientSecret, PROVIDER_TIMEOUT_MS: '1000', ...NOTHING_BY_ITSELF };
  return new ReadableOrg(server, env, system);
}

/** Lets an org live through all that it has to, with nobody listening. */
export function live(org: SalesforceOrg): void {
  for (const _ of org.transactions()) { /* Each happens as it is walked to. */ }
}
