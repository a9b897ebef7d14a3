import pino, { type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * Names whose values never reach a log line, wherever up to three levels deep they stand. Bodies, records and headers are not logged at
 * all; this is the net below that rule.
 */
const HIDDEN = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["x-api-key"]',
  'apiKey',
  'password',
  'secret',
  'token',
  'connectionString',
  'body',
  'rawEvent',
  'payload',
  'data',
  'personal',
  'fields',
  'email',
  'Email',
  'phone',
  'Phone',
  'Name',
  'FirstName',
  'LastName',
];

const REDACTED_PATHS = HIDDEN.flatMap((name) => ['', '*.', '*.*.'].map((prefix) => join(prefix, name)));

/** A JSON logger on standard output. Every line names the service; lines of a request carry `correlationId`. */
export function createLogger(service: string, settings: { readonly LOG_LEVEL: string }, destination?: DestinationStream): Logger {
  const options = {
    level: settings.LOG_LEVEL,
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    messageKey: 'message',
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    serializers: { err: errorForLog },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** What a log line says of an error. Postgres puts values of rows into `detail` and `where`, so only named members are taken. */
function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: errorForLog(error.cause) };
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}

function join(prefix: string, name: string): string {
  return name.startsWith('[') ? `${prefix.replace(/\.$/, '')}${name}` : `${prefix}${name}`;
}
