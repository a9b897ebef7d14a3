import { DEFAULT_LANES } from '@clientele/contracts';
import { baseSettings, keyListSetting, portSetting, urlSetting } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

/** What ingest reads from the environment. */
export const IngestSettings = Type.Object({
  ...baseSettings,
  INGEST_PORT: portSetting(7001, 'Port to listen on'),
  INGEST_API_KEYS: keyListSetting('dev-ingest-key', 'Keys of the senders; name:secret@source binds one to a source'),
  NATS_URL: urlSetting(['nats', 'tls'], { description: 'The broker, as the user ingest', example: 'nats://ingest:password@host:4222' }),
  QUERY_PUBLIC_URL: Type.String({
    pattern: '^https?://[^?#]+$',
    expects: 'a URL that begins with http:// or https://, without query or fragment',
    default: 'http://127.0.0.1:7004',
    description: 'Where callers reach the query service; links in answers begin with it',
    example: 'https://clientele.example.com',
  }),
  LANES: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: DEFAULT_LANES,
    description: 'Number of command lanes, fixed for the life of a log; the same for every service',
    example: String(DEFAULT_LANES),
  }),
});
export type IngestSettings = Static<typeof IngestSettings>;
