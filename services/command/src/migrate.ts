import { migrateWriteDatabase } from '@clientele/event-store';
import { ensureTopology } from '@clientele/messaging';
import { createLogger, readSettings } from '@clientele/service-kit';
import { MigrationSettings } from './settings.ts';

const settings = readSettings(MigrationSettings, process.env);
const logger = createLogger('command-migrate', settings);

await migrateWriteDatabase(settings.WRITE_DATABASE_URL, {
  lanes: settings.LANES,
  passwords: { command: settings.COMMAND_DB_PASSWORD, logReader: settings.LOG_READER_DB_PASSWORD },
});
logger.info('write database migrated');
await ensureTopology(settings.NATS_URL);
logger.info('broker streams stand');
