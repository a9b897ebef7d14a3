import { migrateReadDatabase } from '@clientele/read-model';
import { createLogger, readSettings } from '@clientele/service-kit';
import { MigrationSettings } from './settings.ts';

const settings = readSettings(MigrationSettings, process.env);
const logger = createLogger('projector-migrate', settings);

await migrateReadDatabase(settings.READ_DATABASE_URL, { passwords: { projector: settings.PROJECTOR_DB_PASSWORD, query: settings.QUERY_DB_PASSWORD } });
logger.info('read database migrated');
