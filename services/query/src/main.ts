import { aggregateTypes, createPool, endPools, loadClienteleConfig, runService } from '@clientele/service-kit';
import { createQueryApp } from './app.ts';
import { QuerySettings } from './settings.ts';

await runService({
  name: 'query',
  settings: QuerySettings,
  start: async ({ settings, logger, metrics, health }) => {
    const types = aggregateTypes(loadClienteleConfig(settings.CLIENTELE_CONFIG));
    const readPool = createPool(settings.READ_DATABASE_URL, { applicationName: 'clientele-query', max: 6, logger });
    const logPool = createPool(settings.EVENT_LOG_URL, { applicationName: 'clientele-query', max: 3, logger });
    const app = await createQueryApp({
      readPool,
      readUrl: settings.READ_DATABASE_URL,
      logPool,
      types,
      queryKeys: settings.QUERY_API_KEYS,
      adminKeys: settings.ADMIN_API_KEYS,
      logger,
      metrics,
      health,
    });
    await app.listen({ port: settings.QUERY_PORT, host: settings.HOST });
    return async () => await endPools([readPool, logPool], app.close());
  },
});
