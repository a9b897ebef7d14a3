import { generateKeyPairSync } from 'node:crypto';
import type { Test } from 'tap';
import { createProvider, ProviderError, type CallReport, type ReadableSource, type RecordSource, type RecordSourceOptions, type Runtime } from '../src/index.ts';
import { checkSuffix } from '../src/salesforce/record-id.ts';
import { SalesforceServer, type Row } from './salesforce-server.ts';

export const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const SECRET = 'very+secret/value';
const ENV = {
  CLIENT_ID: 'the-client',
  CLIENT_SECRET: SECRET,
  PRIVATE_KEY: KEYS.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n'),
  USERNAME: 'integration@example.com',
};

/** Time that passes only when somebody sleeps, and chance that always says the same. */
export interface TestRuntime extends Runtime {
  readonly slept: number[];
  advance(ms: number): void;
}

export function testRuntime(random = 0.5): TestRuntime {
  let now = Date.parse('2026-05-07T22:00:00.000Z');
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    elapsed: () => now,
    random: () => random,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}

export interface Fixture {
  readonly server: SalesforceServer;
  readonly source: RecordSource;
  readonly runtime: TestRuntime;
  readonly reports: CallReport[];
}

export async function records(t: Test, config: Partial<ReadableSource> = {}, options: RecordSourceOptions = {}): Promise<Fixture> {
  const server = new SalesforceServer();
  const baseUrl = await server.start();
  const runtime = testRuntime();
  const reports: CallReport[] = [];
  const provider = createProvider('salesforce', {
    entities: { Account: { aggregate: 'client', status: { fields: ['Status__c'] }, fields: { 'BillingAddress.City': { personal: true }, ParentId: { references: 'Account' } } } },
  });
  const source = await provider.records(
    {
      id: 'salesforce:00D5f000005KcCnEAK',
      base_url: baseUrl,
      credentials: { type: 'client_credentials', client_id: '${CLIENT_ID}', client_secret: '${CLIENT_SECRET}' },
      ...config,
      ...('login_url' in config ? { login_url: baseUrl } : {}),
    },
    ENV,
    { runtime, callTimeoutMs: 5_000, onCall: (call) => reports.push(call), ...options },
  );
  if (source === null) throw new Error('no source');
  t.teardown(async () => {
    await source.close();
    await server.stop();
  });
  return { server, source, runtime, reports };
}

/** `accountId(7)`: `001…7` in 18 characters. */
export function accountId(number: number): string {
  const base = `0015f0000${String(number).padStart(6, '0')}`;
  return base + checkSuffix(base);
}

export function account(number: number, fields: Record<string, unknown> = {}): Row {
  return { Id: accountId(number), IsDeleted: false, MasterRecordId: null, Name: `Account ${number}`, SystemModstamp: `2026-05-07T22:00:00.000+0000`, ...fields };
}

/** What a call fails with. */
export async function failure(call: Promise<unknown>): Promise<ProviderError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
