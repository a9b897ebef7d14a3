import { STREAMS } from '@clientele/contracts';
import { headersOf, isMaxPayload, type Msg } from '../connection/nats-client.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import type { StreamKind } from '../topology/stream-settings.ts';
import type { Answer } from './ack-inbox.ts';

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

/**
 * Publishes one message to a stream and waits for the broker's word, at most `timeoutMs`; a connection that breaks ends the wait.
 * Never throws for what the broker or the network does.
 */
export function publishAcked(link: NatsLink, stream: StreamKind, message: OutgoingMessage, timeoutMs: number): Promise<PublishResult> {
  const { subject, data } = message;
  return new Promise((resolve) => {
    const reply = link.acks.expect(subject, timeoutMs, (answer) => resolve(resultOf(answer, stream, subject)));
    try {
      link.nats.publish(subject, data, { reply, headers: headersOf(publishHeaders(stream, message)) });
    } catch (error) {
      link.acks.forget(reply);
      if (!isMaxPayload(error)) throw error;
      resolve({ kind: 'refused', why: 'too_large', reason: 'larger than the broker takes' });
    }
  });
}

function publishHeaders(stream: StreamKind, { headers, messageId, expectLastSequence, expectLastMessageId }: OutgoingMessage): Record<string, string> {
  return {
    ...headers,
    'Nats-Expected-Stream': STREAMS[stream],
    ...(messageId === undefined ? {} : { 'Nats-Msg-Id': messageId }),
    ...(expectLastSequence === undefined ? {} : { 'Nats-Expected-Last-Sequence': String(expectLastSequence) }),
    ...(expectLastMessageId === undefined ? {} : { 'Nats-Expected-Last-Msg-Id': expectLastMessageId }),
  };
}

function resultOf(answer: Answer, stream: StreamKind, subject: string): PublishResult {
  switch (answer.kind) {
    case 'message':
      return resultOfMessage(answer.message, stream, subject);
    case 'timeout':
      return { kind: 'unknown', reason: 'the broker did not answer in time' };
    case 'dropped':
      return { kind: 'unknown', reason: 'the connection to the broker broke' };
    case 'denied':
      return { kind: 'refused', why: 'not_permitted', reason: `this user may not publish to ${subject}` };
  }
}

const NO_RESPONDERS = 503;

/** The broker's answer to a publish: where it is stored, or its error. */
interface PublishAnswer {
  readonly stream?: unknown;
  readonly seq?: unknown;
  readonly duplicate?: unknown;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

function resultOfMessage(message: Msg, stream: StreamKind, subject: string): PublishResult {
  if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) return { kind: 'refused', why: 'no_stream', reason: 'no stream takes the message' };
  const { stream: taker, seq, duplicate, error } = answerIn(message);
  if (error !== undefined) return resultOfError(error.err_code ?? 0, error.description ?? 'an error without a description');
  if (typeof taker !== 'string' || typeof seq !== 'number') return { kind: 'unknown', reason: 'an answer that is no acknowledgement' };
  if (taker !== STREAMS[stream]) return { kind: 'refused', why: 'other_stream', reason: `stream ${taker} took ${subject}` };
  return { kind: 'stored', sequence: seq, duplicate: duplicate === true };
}

function answerIn(message: Msg): PublishAnswer {
  try {
    const answer: unknown = JSON.parse(message.string());
    return typeof answer === 'object' && answer !== null ? answer : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
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

function resultOfError(code: number, description: string): PublishResult {
  const why = code === STORE_FAILED && LIMIT_REACHED.test(description) ? 'full' : REFUSALS[code];
  return why === undefined ? { kind: 'unknown', reason: `${description} (${code})` } : { kind: 'refused', why, reason: description };
}
