import { migrateReadDatabase } from '@clientele/read-model';
import { runMigration } from '@clientele/service-kit';
import { MigrationSettings } from './settings.ts';

/** Brings the read database to what this version needs; run before any service of it starts, as often as one likes. */
await runMigration({
  name: 'projector-migrate',
  settings: MigrationSettings,
  run: async ({ settings, logger }) => {
    const passwords = { projector: settings.PROJECTOR_DB_PASSWORD, query: settings.QUERY_DB_PASSWORD };
    await migrateReadDatabase(settings.READ_DATABASE_URL, { passwords });
    logger.info('read database migrated');
  },
});
