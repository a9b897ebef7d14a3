import { STREAMS } from '@clientele/contracts';
import { AckPolicy, apiErrorCode, DeliverPolicy, nanos, nuid } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import type { StreamKind } from '../topology/stream-settings.ts';
import { brokerError, streamStatus, type StreamStatus } from '../topology/stream-status.ts';
import { PullReader } from './pull-reader.ts';
import { ReadBreak, StreamMissing } from './read-break.ts';

export interface OpenReaderOptions {
  readonly link: NatsLink;
  readonly stream: StreamKind;
  readonly filterSubject?: string;
  readonly maxMessages: number;
  readonly maxBytes: number;
  /** The sequence to read from, chosen by how the stream stands; null for its first message. */
  readonly startAt: (status: StreamStatus) => number | null | Promise<number | null>;
}

export interface OpenReader {
  readonly reader: PullReader;
  readonly status: StreamStatus;
  /** Ends the reader and its consumer. */
  close(): void;
}

/** The broker removes a consumer that nobody has asked for so long: those of processes that died, and of slow ones, which make a new one. */
const CONSUMER_INACTIVE_MS = 60_000;

/**
 * Makes a consumer of its own and reads from it. The stream's incarnation is the same before and after the consumer was made, so the
 * start was chosen for the very stream that is read.
 * @throws StreamMissing, ReadBreak where the stream was recreated meanwhile, UnavailableError
 */
export async function openReader(options: OpenReaderOptions): Promise<OpenReader> {
  const { link, stream, filterSubject, maxMessages, maxBytes, startAt } = options;
  const status = await requireStream(link, stream);
  const start = await startAt(status);
  const consumer = await createConsumer(link, stream, filterSubject, start);
  const again = await requireStream(link, stream);
  const remove = (): void => void removeConsumer(link, stream, consumer);
  if (again.created !== status.created) {
    remove();
    throw new ReadBreak('the stream was made anew');
  }
  const reader = new PullReader({ link, stream, consumer, maxMessages, maxBytes });
  return {
    reader,
    status,
    close() {
      reader.close();
      remove();
    },
  };
}

async function requireStream(link: NatsLink, stream: StreamKind): Promise<StreamStatus> {
  const status = await streamStatus(link, stream);
  if (status === null) throw new StreamMissing(`there is no stream ${STREAMS[stream]}`);
  return status;
}

async function createConsumer(link: NatsLink, stream: StreamKind, filterSubject: string | undefined, start: number | null): Promise<string> {
  const name = nuid.next();
  try {
    await link.request(() => link.manager.consumers.add(STREAMS[stream], {
      name,
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(CONSUMER_INACTIVE_MS),
      ...(filterSubject === undefined ? {} : { filter_subject: filterSubject }),
      ...(start === null ? { deliver_policy: DeliverPolicy.All } : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: start }),
    }));
    return name;
  } catch (error) {
    if (apiErrorCode(error) === STREAM_NOT_FOUND) throw new StreamMissing(`there is no stream ${STREAMS[stream]}`, { cause: error });
    throw brokerError(`cannot read stream ${STREAMS[stream]}`, error);
  }
}

const STREAM_NOT_FOUND = 10059;

async function removeConsumer(link: NatsLink, stream: StreamKind, consumer: string): Promise<void> {
  if (!link.connected) return;
  // Tidiness alone: the broker removes it in any case once it is inactive.
  await link.manager.consumers.delete(STREAMS[stream], consumer).catch(() => undefined);
}
