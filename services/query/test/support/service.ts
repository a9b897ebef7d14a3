import { createLogger, createMetrics, createPool, Health } from '@clientele/service-kit';
import { createQueryApp } from '../../src/app.ts';
import type { Databases } from './databases.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface RunningQuery {
  readonly origin: string;
  /** With a query key, unless other headers are given. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Answer>;
  readonly items: (path: string) => Promise<Record<string, unknown>[]>;
  /** Of the series of that name with that label; NaN where there is none. */
  readonly metric: (name: string, label?: string) => Promise<number>;
  readonly close: () => Promise<void>;
}

/** The service on a socket of its own, by its own database roles. */
export async function startQuery({ readUrl, logUrl }: Pick<Databases, 'readUrl' | 'logUrl'>, mostWaiting?: number, health = new Health()): Promise<RunningQuery> {
  const logger = createLogger('query', { LOG_LEVEL: 'silent' });
  const metrics = createMetrics('query');
  const readPool = createPool(readUrl, { applicationName: 'query-test', logger });
  const logPool = createPool(logUrl, { applicationName: 'query-test', logger });
  const app = await createQueryApp({
    readPool,
    readUrl,
    logPool,
    types: ['client', 'project'],
    queryKeys: 'app:query-key',
    adminKeys: 'ops:admin-key',
    logger,
    metrics,
    health,
    ...(mostWaiting === undefined ? {} : { mostWaiting }),
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const origin = app.listeningOrigin;
  const ask = async (path: string, init: RequestInit = { headers: { 'x-api-key': 'query-key' } }): Promise<Answer> => {
    const response = await fetch(`${origin}${path}`, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  };
  return {
    origin,
    ask,
    items: async (path) => (await ask(path)).json['items'] as Record<string, unknown>[],
    metric: async (name, label = '') =>
      Number(new RegExp(`^${name}\\{.*${label}.*\\} (\\S+)$`, 'm').exec(await metrics.registry.metrics())?.[1] ?? Number.NaN),
    close: async () => {
      await app.close();
      await Promise.all([readPool.end(), logPool.end()]);
    },
  };
}
