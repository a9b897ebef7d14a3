import { parseArgs } from 'node:util';
import { StartError } from './start-error.ts';

export interface StartOptions {
  readonly fresh: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
}

export const HELP = `npm start [-- options]

Starts PostgreSQL, NATS and the four services on this machine, and stops them all on Ctrl-C.

  --fresh     begin anew: removes the databases and streams that npm start keeps (not those that the URLs below name)
  --verbose   show what the services log, merged; else only what starts, ends and fails is shown
  --help      this text

Environment (each may be left out):
  NATS_URL              a NATS server with JetStream to use in place of the embedded one; with OPERATOR_PASSWORD, INGEST_PASSWORD,
                        COMMAND_PASSWORD and PROJECTOR_PASSWORD each part signs in as its own user, else all as the URL says
  WRITE_DATABASE_URL    a PostgreSQL database to use, as a user who may create schemas and roles
  READ_DATABASE_URL     likewise; may be on the same server or another
  EVENT_LOG_URL         where projector and query read the event log; default: the write database, by a role that may only read
  NATS_SERVER_BIN       the nats-server program to run (2.10 or later); else one on the PATH, else Debian's package
  INGEST_PORT COMMAND_PORT PROJECTOR_PORT QUERY_PORT    default 7001 to 7004; HOST, default 127.0.0.1
  INGEST_API_KEYS QUERY_API_KEYS ADMIN_API_KEYS         name:secret, comma-separated; in development there are defaults
  CLIENTELE_DATA_DIR    where databases, streams, logs and generated passwords are kept; default .clientele in the checkout
  CLIENTELE_CONFIG      the YAML file with sources and mapping; default: clientele.yaml in the data folder, which is written anew by every start
                        (in development: the default mapping, and the orgs of npm run demo as sources)
`;

/** @throws StartError naming the options that there are. */
export function readOptions(args: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { fresh: { type: 'boolean' }, verbose: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    return { fresh: values.fresh ?? false, verbose: values.verbose ?? false, help: values.help ?? false };
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), 'options: --fresh, --verbose, --help', { cause });
  }
}
