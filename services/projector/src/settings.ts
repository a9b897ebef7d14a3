import { baseSettings, keyListSetting, portSetting, postgresUrlSetting, urlSetting } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

/** What the projector reads from the environment. */
export const ProjectorSettings = Type.Object({
  ...baseSettings,
  PROJECTOR_PORT: portSetting(7003, 'Port to listen on'),
  READ_DATABASE_URL: postgresUrlSetting('The read database, as the role clientele_projector'),
  EVENT_LOG_URL: postgresUrlSetting('The published views of the write database, as the role clientele_log_reader; a replica will do'),
  PROJECTOR_FEED: Type.Union([Type.Literal('log'), Type.Literal('stream')], {
    default: 'log',
    description: 'What the views are made from: the log in the write database, or its copy on the broker, which spares that database',
    example: 'log',
  }),
  NATS_URL: Type.Optional(urlSetting(['nats', 'tls'], { description: 'The broker, as the user projector; for PROJECTOR_FEED=stream', example: 'nats://projector:password@host:4222' })),
  ADMIN_API_KEYS: keyListSetting('dev-admin-key', 'Keys for the admin routes'),
  PROJECTOR_LEASE_MS: Type.Integer({
    minimum: 500,
    maximum: 60_000,
    default: 5_000,
    description: 'How long the views stay with a process that went silent, in milliseconds',
    example: '5000',
  }),
  CHANGES_KEPT_DAYS: Type.Integer({
    minimum: 15,
    maximum: 3_650,
    default: 30,
    description: 'How long it can be asked what became of a change; what is parked is kept until it is not',
    example: '30',
  }),
});
export type ProjectorSettings = Static<typeof ProjectorSettings>;

/** What the migration reads. */
export const MigrationSettings = Type.Object({
  LOG_LEVEL: baseSettings.LOG_LEVEL,
  READ_DATABASE_URL: postgresUrlSetting('The read database, as its owner'),
  PROJECTOR_DB_PASSWORD: Type.Optional(Type.String({ secret: true, description: 'When set, the role clientele_projector may log in with it', example: '<password>' })),
  QUERY_DB_PASSWORD: Type.Optional(Type.String({ secret: true, description: 'When set, the role clientele_query may log in with it', example: '<password>' })),
});
