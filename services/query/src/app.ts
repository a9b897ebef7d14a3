import { apiKeys, createHttpServer, requireKey, type Health, type HttpServer, type Logger, type Metrics } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { registerAccountingRoutes } from './accounting/accounting-routes.ts';
import { ChangeReader } from './changes/change-reader.ts';
import { registerChangeRoutes } from './changes/change-routes.ts';
import { Database, statementDurations } from './database/database.ts';
import { registerHistoryRoutes } from './history/history-routes.ts';
import type { QueryParts } from './parts.ts';
import { KnownTypes } from './records/known-types.ts';
import { RecordReader } from './records/record-reader.ts';
import { RECORD_PATHS, registerRecordRoutes } from './records/record-routes.ts';
import { ViewPositions } from './views/view-positions.ts';
import { Waits } from './views/waits.ts';

export interface QueryAppOptions {
  readonly readPool: Pool;
  /** Of the read database, for the connection that listens. */
  readonly readUrl: string;
  /** On the published views of the write database. */
  readonly logPool: Pool;
  /** Record types that the mapping names. */
  readonly types: readonly string[];
  readonly queryKeys: string;
  readonly adminKeys: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Most requests that are held at once. */
  readonly mostWaiting?: number;
}

/** The query service's HTTP, ready to listen. Closing it ends all waiting first. */
export async function createQueryApp(options: QueryAppOptions): Promise<HttpServer> {
  const { logger, metrics, health } = options;
  const durations = statementDurations(metrics);
  const database = new Database(options.readPool, 'the read database', durations);
  const eventLog = new Database(options.logPool, 'the event log', durations);
  const views = new ViewPositions({ database, url: options.readUrl, logger });
  const waits = new Waits(metrics, options.mostWaiting);
  const parts: QueryParts = {
    database,
    eventLog,
    views,
    waits,
    types: new KnownTypes(database, [...options.types, ...RECORD_PATHS.flatMap(({ type }) => type ?? [])]),
    records: new RecordReader(database, metrics),
    changes: new ChangeReader({ database, eventLog, views }),
    onRequest: requireKey(apiKeys(options.queryKeys), apiKeys(options.adminKeys)),
  };
  // The log serves history, accounting and the repeats of a change: without it records can still be served, and somebody has to be told.
  health.progress('event log', async () => {
    await eventLog.query({ label: 'event_log_answers', text: 'select from published.log_head', values: [] });
    return { lag: 0, position: 0 };
  });
  health.check('read database', async () => {
    await views.look('records');
    return null;
  });

  const app = await createHttpServer({
    service: 'query',
    description: 'Records, their history, and what became of every change',
    logger,
    metrics,
    health,
  });
  registerRecordRoutes(app, parts);
  registerHistoryRoutes(app, parts);
  registerChangeRoutes(app, parts);
  registerAccountingRoutes(app, parts);
  app.addHook('onReady', async () => views.start());
  app.addHook('preClose', async () => waits.stop());
  app.addHook('onClose', async () => await views.stop());
  return app;
}
