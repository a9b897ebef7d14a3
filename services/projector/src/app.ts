import { PostgresEventStore } from '@clientele/event-store';
import { ProjectionManager } from '@clientele/projections';
import { VIEWS_CHANNEL } from '@clientele/read-model';
import { apiKeys, createHttpServer, createPool, definitionFor, endPools, LeaseKeeper, loadClienteleConfig, type ServiceContext } from '@clientele/service-kit';
import { ChangesProjection } from './changes/changes-projection.ts';
import { openEventFeed } from './feed/event-feed.ts';
import { RecordsProjection } from './records/records-projection.ts';
import { keepChanges, keptSince } from './retention/keep-changes.ts';
import { serveWhenBuilt } from './serving/serve-when-built.ts';
import type { ProjectorSettings } from './settings.ts';
import { observeProjections } from './status/observer.ts';
import { registerProjectionRoutes } from './status/routes.ts';
import { ViewStatusReader } from './status/view-status.ts';

/** Starts the projector; resolves once it serves, with what stops it. */
export async function startProjector(context: ServiceContext<ProjectorSettings>): Promise<() => Promise<void>> {
  const { settings, logger, metrics, health, faultPoint } = context;
  const config = loadClienteleConfig(settings.CLIENTELE_CONFIG);
  const pool = createPool(settings.READ_DATABASE_URL, { applicationName: 'clientele-projector', max: 5, logger });
  // Apart, so that the lease is renewed and the status told however busy the views are.
  const statusPool = createPool(settings.READ_DATABASE_URL, { applicationName: 'clientele-projector-status', max: 2, statementTimeoutMs: 2_000, logger });
  const logPool = createPool(settings.EVENT_LOG_URL, { applicationName: 'clientele-projector-log', max: 4, logger });
  const log = new PostgresEventStore({ pool: logPool });
  const now = () => new Date();
  const observer = observeProjections(metrics, logger);
  const { feed, link } = await openEventFeed({ settings, log, logPool, logger, onFallback: ({ position }) => observer.fellBack(position) });
  const changes = new ChangesProjection({ keptSince: () => keptSince(now(), settings.CHANGES_KEPT_DAYS) });
  const projections = [new RecordsProjection((provider, entity) => definitionFor(config, provider, entity)), changes];
  const manager = new ProjectionManager({
    // More at once is hardly faster, and what is decoded stands in memory twice: the batch in hand and the next.
    pool, feed, projections, channel: VIEWS_CHANNEL, observer, faultPoint, maxEntries: 250,
  });
  const keeper = new LeaseKeeper({
    pool: statusPool,
    group: 'projector',
    names: ['projector'],
    ttlMs: settings.PROJECTOR_LEASE_MS,
    fence: async (client, _name, epoch) => await manager.fence(client, epoch),
    hold: async (lease) => {
      const ended = new AbortController();
      const until = AbortSignal.any([lease.signal, ended.signal]);
      const upkeep = Promise.all([
        keepChanges({ pool, version: changes.version, keptDays: settings.CHANGES_KEPT_DAYS, logger, now }, until),
        serveWhenBuilt({ pool, logger }, until),
      ]);
      try {
        await manager.run(lease);
      } finally {
        ended.abort();
        await upkeep;
      }
    },
    logger,
  });

  const status = new ViewStatusReader(statusPool, log, Date.now);
  // A table of ours: a database that was never migrated cannot serve either.
  health.check('read database', async () => {
    await statusPool.query('select 1 from clientele.projections limit 1');
    return null;
  });
  health.check('event log', async () => {
    await log.head();
    return null;
  });
  if (link !== null) health.check('broker', () => (link.connected ? null : 'not connected'));
  for (const view of projections) {
    health.progress(view.name, async () => {
      const [stands] = await status.read([view]).catch((error: unknown) => {
        observer.unknown(view.name);
        throw error;
      });
      if (stands === undefined) return { lag: 0, position: 0 };
      observer.stood(stands);
      return { lag: stands.lagEvents, position: stands.position };
    });
  }
  metrics.gauge('projection_leads', 'Whether this process writes the views', [], (gauge) => gauge.set(keeper.held().length));

  const http = await createHttpServer({ service: 'projector', description: 'Keeps the read models up with the event log; tells how far they are.', logger, metrics, health });
  registerProjectionRoutes(http, status, projections, apiKeys(settings.ADMIN_API_KEYS));
  await http.listen({ host: settings.HOST, port: settings.PROJECTOR_PORT });
  // Not waited for: from here on there is work in hand, and the first turn lasts as long as the database takes.
  void keeper.start();

  const finish = async (): Promise<void> => {
    await Promise.all([http.close(), keeper.stop()]);
    await link?.close();
  };
  return async () => await endPools([pool, statusPool, logPool], finish());
}
