import type { ClienteleConfig, SourceConfig } from '@clientele/contracts';
import { DEFAULT_READ_MARGIN_MS } from '@clientele/domain';
import { connectSource, noteQuota, spendCalls, spentCalls } from '@clientele/event-store';
import type { CallReport, Environment } from '@clientele/providers';
import type { Metrics } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { GovernedQuota, type CallLedger } from '../quota/source-quota.ts';
import { SourceBook, type Providers, type ReadableSource } from './source-book.ts';

export interface SourceParts {
  readonly config: ClienteleConfig;
  readonly providers: Providers;
  /** Where the credentials stand that the configuration refers to. */
  readonly env: Environment;
  readonly pool: Pool;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** How long a call may take. */
  readonly callTimeoutMs: number;
}

const DEFAULT_SHARE = 0.5;
/** An operation with its retries, in calls: well below the time after which a read that was taken is due again. */
const CALLS_AN_OPERATION = 2.5;

/**
 * Every source that has credentials, with what reads it and what governs its quota. Asks no provider anything yet.
 * @throws ValidationError naming what is unfit among the variables that the configuration refers to, never a value.
 */
export async function openSources(parts: SourceParts): Promise<SourceBook> {
  const calls = parts.metrics.histogram('provider_call_seconds', 'Calls to providers', ['source', 'operation', 'outcome'], BUCKETS);
  const opened: ReadableSource[] = [];
  for (const source of parts.config.sources ?? []) {
    const readable = await openSource(source, parts, ({ operation, outcome, durationMs }) => {
      calls.observe({ source: source.id, operation, outcome }, durationMs / 1000);
    });
    if (readable !== null) opened.push(readable);
  }
  return new SourceBook(parts.config, opened);
}

const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30];

async function openSource(source: SourceConfig, parts: SourceParts, observe: (call: CallReport) => void): Promise<ReadableSource | null> {
  const { config, providers, env, pool, now, callTimeoutMs } = parts;
  const { id, provider } = source;
  const quota = new GovernedQuota({ ledger: callLedger(pool, id, provider), share: source.quota?.share ?? DEFAULT_SHARE, now });
  const onCall = (call: CallReport): void => {
    quota.heard(call);
    observe(call);
  };
  const records = await providers.get(provider)?.records(source, env, { callTimeoutMs, deadlineMs: callTimeoutMs * CALLS_AN_OPERATION, onCall });
  if (records === undefined || records === null) return null;
  const entities = Object.keys(config.mapping[provider] ?? {});
  return { id, provider, records, quota, marginMs: source.clock_skew_ms ?? DEFAULT_READ_MARGIN_MS, entities };
}

/** The source is made known before the first call, since calls are counted under its row. */
function callLedger(pool: Pool, source: string, provider: string): CallLedger {
  let connected = false;
  return {
    spend: async (lane, calls, most) => {
      if (!connected) await connectSource(pool, source, provider);
      connected = true;
      return await spendCalls(pool, source, lane, calls, most);
    },
    spent: async () => await spentCalls(pool, source),
    noteMax: async (max) => await noteQuota(pool, source, max),
  };
}
