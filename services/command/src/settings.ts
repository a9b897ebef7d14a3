import { DEFAULT_LANES } from '@clientele/contracts';
import { baseSettings, keyListSetting, portSetting, postgresUrlSetting, queryUrlSetting, urlSetting } from '@clientele/service-kit';
import { Type, type Static } from '@sinclair/typebox';

function natsUrl(user: string) {
  return urlSetting(['nats', 'tls'], { description: `The broker, as the user ${user}`, example: `nats://${user}:password@host:4222` });
}

function rolePassword(role: string) {
  const description = `When set, the role ${role} may log in with it`;
  return Type.Optional(Type.String({ secret: true, description, example: '<password>' }));
}

const lanes = Type.Integer({
  minimum: 1,
  maximum: 64,
  default: DEFAULT_LANES,
  description: 'Number of command lanes, fixed for the life of a log; the same for every service',
  example: String(DEFAULT_LANES),
});

function streamSize(defaultMb: number, description: string) {
  return Type.Integer({ minimum: 64, maximum: 1_048_576, default: defaultMb, description, example: String(defaultMb) });
}

/** What the command service reads from the environment. */
export const CommandSettings = Type.Object({
  ...baseSettings,
  COMMAND_PORT: portSetting(7002, 'Port to listen on'),
  WRITE_DATABASE_URL: postgresUrlSetting('The write database, as the role clientele_command'),
  NATS_URL: natsUrl('command'),
  ADMIN_API_KEYS: keyListSetting('dev-admin-key', 'Keys for the admin routes'),
  LANES: lanes,
  QUERY_PUBLIC_URL: queryUrlSetting('Where others reach the query service; stands in events that are too large for the broker'),
  COMMAND_LEASE_MS: Type.Integer({
    minimum: 500,
    maximum: 60_000,
    default: 5_000,
    description: 'How long a lane stays with a process that went silent, in milliseconds',
    example: '5000',
  }),
  COMMAND_CACHE_MB: Type.Integer({
    minimum: 1,
    maximum: 4096,
    default: 16,
    description: 'Memory for records that were decided last, all command lanes together',
    example: '16',
  }),
  PROVIDER_TIMEOUT_MS: Type.Integer({
    minimum: 100,
    maximum: 30_000,
    default: 20_000,
    description: 'How long a call to a provider may take, in milliseconds; it is tried three times at most',
    example: '20000',
  }),
  COMMANDS_KEPT_HOURS: Type.Integer({
    minimum: 0,
    maximum: 720,
    default: 48,
    description: 'How long decided commands stay in the broker, for a restore',
    example: '48',
  }),
  LOAD_ON_CONNECT: Type.Boolean({
    default: true,
    description: 'Whether all records of a source are read when it is first seen with credentials',
    example: 'true',
  }),
  PLAN_PAGE_RECORDS: Type.Integer({
    minimum: 10,
    maximum: 2000,
    default: 500,
    description: 'Records that a load or a repair reads at a time, and repeats at most after a crash',
    example: '500',
  }),
  SAMPLE_EVERY_MINUTES: Type.Integer({
    minimum: 0,
    maximum: 10_080,
    default: 60,
    description: 'How often some records of each source are compared with its provider, in minutes; 0: never',
    example: '60',
  }),
  SAMPLE_RECORDS: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 400,
    description: 'How many records of each entity such a comparison draws',
    example: '400',
  }),
  COMPARE_EVERY_HOURS: Type.Integer({
    minimum: 0,
    maximum: 8760,
    default: 24,
    description: 'How often all records of each source are compared with its provider, in hours; 0: never',
    example: '24',
  }),
  FEED_LOOK_SECONDS: Type.Integer({
    minimum: 0,
    maximum: 86_400,
    default: 300,
    description: 'How often a provider is asked how its feed does, in seconds; 0: never',
    example: '300',
  }),
  FEED_SILENT_MINUTES: Type.Integer({
    minimum: 0,
    maximum: 43_200,
    default: 60,
    description: 'A feed that has brought nothing for so long, though records were changed, counts as silent, in minutes; 0: never',
    example: '60',
  }),
});
export type CommandSettings = Static<typeof CommandSettings>;

/** What the migration reads. */
export const MigrationSettings = Type.Object({
  LOG_LEVEL: baseSettings.LOG_LEVEL,
  WRITE_DATABASE_URL: postgresUrlSetting('The write database, as its owner'),
  NATS_URL: natsUrl('operator'),
  LANES: lanes,
  COMMANDS_MAX_MB: streamSize(4096, 'Room that the broker keeps for commands; senders are refused when it is full'),
  EVENTS_MAX_MB: streamSize(8192, 'Room that the broker keeps for events; the oldest go when it is full'),
  COMMAND_DB_PASSWORD: rolePassword('clientele_command'),
  LOG_READER_DB_PASSWORD: rolePassword('clientele_log_reader'),
});
