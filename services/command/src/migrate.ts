import { UnavailableError } from '@clientele/contracts';
import { ForeignDatabaseError, migrateWriteDatabase } from '@clientele/event-store';
import { ensureTopology } from '@clientele/messaging';
import { createLogger, readSettings, settingsHelp, SettingsError } from '@clientele/service-kit';
import { MigrationSettings } from './settings.ts';

const MIB = 1024 * 1024;

/** Brings write database and broker to what this version needs; run before any service of it starts, as often as one likes. */
async function migrate(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(settingsHelp('command-migrate', MigrationSettings));
    return;
  }
  const settings = readSettings(MigrationSettings, process.env);
  const logger = createLogger('command-migrate', settings);
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
}

try {
  await migrate();
} catch (error) {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  const plain = [SettingsError, ForeignDatabaseError, UnavailableError].some((kind) => error instanceof kind);
  process.stderr.write(`clientele command-migrate failed: ${plain ? message : stack}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
