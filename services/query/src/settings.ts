import { baseSettings, keyListSetting, portSetting, postgresUrlSetting } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

/** What the query service reads from the environment. */
export const QuerySettings = Type.Object({
  ...baseSettings,
  QUERY_PORT: portSetting(7004, 'Port to listen on'),
  READ_DATABASE_URL: postgresUrlSetting('The read database, as the role clientele_query'),
  EVENT_LOG_URL: postgresUrlSetting('The published views of the write database, as the role clientele_log_reader; a replica will do'),
  QUERY_API_KEYS: keyListSetting('dev-query-key', 'Keys of the applications that read'),
  ADMIN_API_KEYS: keyListSetting('dev-admin-key', 'Keys of operators; they may read as well'),
});
export type QuerySettings = Static<typeof QuerySettings>;
