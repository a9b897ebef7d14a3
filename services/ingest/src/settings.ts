import { DEFAULT_LANES } from '@clientele/contracts';
import { baseSettings, keyListSetting, portSetting, queryUrlSetting, urlSetting } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

/** What ingest reads from the environment. */
export const IngestSettings = Type.Object({
  ...baseSettings,
  INGEST_PORT: portSetting(7001, 'Port to listen on'),
  INGEST_API_KEYS: keyListSetting('dev-ingest-key', 'Keys of the senders; name:secret@source binds one to a source', { bindable: true }),
  NATS_URL: urlSetting(['nats', 'tls'], { description: 'The broker, as the user ingest', example: 'nats://ingest:password@host:4222' }),
  QUERY_PUBLIC_URL: queryUrlSetting('Where callers reach the query service; links in answers begin with it'),
  LANES: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: DEFAULT_LANES,
    description: 'Number of command lanes, fixed for the life of a log; the same for every service',
    example: String(DEFAULT_LANES),
  }),
});
export type IngestSettings = Static<typeof IngestSettings>;
