import { migrateWriteDatabase } from '@clientele/event-store';
import { ensureTopology } from '@clientele/messaging';
import { runMigration } from '@clientele/service-kit';
import { MigrationSettings } from './settings.ts';

const MIB = 1024 * 1024;

/** Brings write database and broker to what this version needs; run before any service of it starts, as often as one likes. */
await runMigration({
  name: 'command-migrate',
  settings: MigrationSettings,
  run: async ({ settings, logger }) => {
    await migrateWriteDatabase(settings.WRITE_DATABASE_URL, {
      lanes: settings.LANES,
      passwords: { command: settings.COMMAND_DB_PASSWORD, logReader: settings.LOG_READER_DB_PASSWORD },
    });
    logger.info('write database migrated');
    await ensureTopology(settings.NATS_URL, {
      lanes: settings.LANES,
      commandsMaxBytes: settings.COMMANDS_MAX_MB * MIB,
      eventsMaxBytes: settings.EVENTS_MAX_MB * MIB,
    });
    logger.info('broker streams stand');
  },
});
