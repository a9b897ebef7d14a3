import { ForeignDatabaseError, migrateReadDatabase } from '@clientele/read-model';
import { createLogger, readSettings, settingsHelp, SettingsError } from '@clientele/service-kit';
import { MigrationSettings } from './settings.ts';

/** Brings the read database to what this version needs; run before any service of it starts, as often as one likes. */
async function migrate(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(settingsHelp('projector-migrate', MigrationSettings));
    return;
  }
  const settings = readSettings(MigrationSettings, process.env);
  const logger = createLogger('projector-migrate', settings);
  const passwords = { projector: settings.PROJECTOR_DB_PASSWORD, query: settings.QUERY_DB_PASSWORD };
  await migrateReadDatabase(settings.READ_DATABASE_URL, { passwords });
  logger.info('read database migrated');
}

try {
  await migrate();
} catch (error) {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  const plain = error instanceof SettingsError || error instanceof ForeignDatabaseError;
  process.stderr.write(`clientele projector-migrate failed: ${plain ? message : stack}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
