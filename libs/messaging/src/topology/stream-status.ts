import { STREAMS, UnavailableError } from '@clientele/contracts';
import { apiErrorCode, isNoResponders, type StreamInfo } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import type { StreamKind } from './stream-settings.ts';

export interface StreamStatus {
  /** The stream's incarnation: its creation time, as the broker writes it. */
  readonly created: string;
  readonly subjects: readonly string[];
  readonly messages: number;
  /** Sequence of the first message; of the one that will come where the stream is empty. */
  readonly firstSequence: number;
  /** The highest sequence ever given out; 0 for a new stream. Survives a purge. */
  readonly lastSequence: number;
  /** Messages deleted between the first and the last. */
  readonly holes: number;
  readonly bytes: number;
  /** Bytes that it may hold; -1 where unbounded. */
  readonly maxBytes: number;
  /** Age at which a message goes, in ms; 0 where it stays. */
  readonly maxAgeMs: number;
}

const STREAM_NOT_FOUND = 10059;
const NO_ROOM = 10047;
const MAKE_ROOM = 'raise max_file_store of the NATS server, or give the migration a smaller COMMANDS_MAX_MB or EVENTS_MAX_MB';

/** @returns null where there is no such stream. @throws UnavailableError when the broker does not answer. */
export async function streamStatus(link: NatsLink, kind: StreamKind): Promise<StreamStatus | null> {
  try {
    return statusOf(await link.request(() => link.manager.streams.info(STREAMS[kind])));
  } catch (error) {
    if (apiErrorCode(error) === STREAM_NOT_FOUND) return null;
    throw brokerError(`cannot ask for stream ${STREAMS[kind]}`, error);
  }
}

export function statusOf(info: StreamInfo): StreamStatus {
  const { state } = info;
  return {
    created: info.created,
    subjects: info.config.subjects,
    messages: state.messages,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    holes: state.num_deleted ?? 0,
    bytes: state.bytes,
    maxBytes: info.config.max_bytes,
    maxAgeMs: info.config.max_age / 1_000_000,
  };
}

/** What a failed request to the broker means to a caller: try again later. The cause keeps what the broker said. */
export function brokerError(what: string, error: unknown): UnavailableError {
  const why = isNoResponders(error) ? 'JetStream does not answer' : error instanceof Error ? error.message : String(error);
  const remedy = apiErrorCode(error) === NO_ROOM ? `: ${MAKE_ROOM}` : '';
  return new UnavailableError(`${what}: ${why}${remedy}`, 1000, { cause: error });
}
