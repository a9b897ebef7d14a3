import { STREAMS } from '@clientele/contracts';
import { ErrorCode, headers, isNatsError, isNoResponders } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import type { StreamKind } from '../topology/stream-settings.ts';

export interface OutgoingMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** The broker stores a message id once within its dedupe window. */
  readonly messageId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fence: the sequence that the stream must end with. */
  readonly expectLastSequence?: number;
  /** Fence: the message id that the stream's last message must have. */
  readonly expectLastMessageId?: string;
}

/** What is known after a publish. */
export type PublishResult =
  | { readonly kind: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  /** Certainly not stored. */
  | { readonly kind: 'refused'; readonly why: Refusal; readonly reason: string }
  /** No answer, or one that does not say. It may be stored: repeat it unchanged. */
  | { readonly kind: 'unknown'; readonly reason: string };

export type Refusal = 'full' | 'no_stream' | 'fenced' | 'too_large' | 'not_permitted' | 'overloaded' | 'other_stream';

const UNKNOWN_ON_DROP: PublishResult = { kind: 'unknown', reason: 'the connection to the broker broke' };

/**
 * Publishes one message to a stream and waits for the broker's word, at most `timeoutMs`; a connection that breaks ends the wait.
 * Never throws for what the broker or the network does.
 */
export function publishAcked(link: NatsLink, stream: StreamKind, message: OutgoingMessage, timeoutMs: number): Promise<PublishResult> {
  return new Promise((resolve) => {
    const off = link.onDrop(() => resolve(UNKNOWN_ON_DROP));
    void publish(link, stream, message, timeoutMs).then((result) => {
      off();
      resolve(result);
    });
  });
}

async function publish(link: NatsLink, stream: StreamKind, message: OutgoingMessage, timeout: number): Promise<PublishResult> {
  const extra = headers();
  for (const [name, value] of Object.entries(message.headers ?? {})) extra.set(name, value);
  const { messageId, expectLastSequence: lastSequence, expectLastMessageId: lastMsgID } = message;
  try {
    const ack = await link.jetstream.publish(message.subject, message.data, {
      ...(messageId === undefined ? {} : { msgID: messageId }),
      timeout,
      headers: extra,
      expect: {
        streamName: STREAMS[stream],
        ...(lastSequence === undefined ? {} : { lastSequence }),
        ...(lastMsgID === undefined ? {} : { lastMsgID }),
      },
    });
    if (ack.stream !== STREAMS[stream]) return { kind: 'refused', why: 'other_stream', reason: `stream ${ack.stream} took ${message.subject}` };
    return { kind: 'stored', sequence: ack.seq, duplicate: ack.duplicate };
  } catch (error) {
    return resultOf(error);
  }
}

/**
 * Codes that the broker gives before it writes anything. Its answer 10077 (`store failed`) covers limits, which are checked before the
 * write, and write errors, after which the message may be there: only the limits are a refusal.
 */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  10002: 'full', // limits of the account
  10023: 'full', // limits of the server
  10028: 'full', // memory of the server
  10047: 'full', // storage of the server
  10054: 'too_large',
  10060: 'other_stream',
  10070: 'fenced', // another message id
  10071: 'fenced', // another sequence
  10109: 'full', // sealed
  10167: 'overloaded',
};
const STORE_FAILED = 10077;
const LIMIT_REACHED = /^maximum .* exceeded$|^message to+ large$/; // the broker's own spelling

function resultOf(error: unknown): PublishResult {
  if (!isNatsError(error)) throw error;
  const reason = error.api_error?.description ?? error.message;
  if (error.api_error !== undefined) {
    const { err_code: code = 0, description } = error.api_error;
    const why = code === STORE_FAILED && LIMIT_REACHED.test(description) ? 'full' : REFUSALS[code];
    return why === undefined ? { kind: 'unknown', reason: `${reason} (${code})` } : { kind: 'refused', why, reason };
  }
  if (isNoResponders(error)) return { kind: 'refused', why: 'no_stream', reason: 'no stream takes the message' };
  if (error.code === ErrorCode.MaxPayloadExceeded) return { kind: 'refused', why: 'too_large', reason: 'larger than the broker takes' };
  if (error.isPermissionError()) return { kind: 'refused', why: 'not_permitted', reason };
  return { kind: 'unknown', reason };
}
