import type { Msg, MsgHdrs } from '../connection/nats-client.ts';

/** A stream's message as a consumer delivers it. */
export interface StreamMessage {
  readonly sequence: number;
  /** Number of this delivery by its consumer: 1, 2, 3 … as long as none got lost. */
  readonly delivery: number;
  /** When the broker stored it, milliseconds since 1970. */
  readonly storedAt: number;
  /** Messages that the consumer still had to deliver behind this one. */
  readonly pending: number;
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

/**
 * Reads the broker's reply subject: `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<delivery>.<time>.<pending>`, or with domain and
 * account hash before the stream and a token behind (servers from 2.15).
 * @returns null where it is none.
 */
export function toStreamMessage(message: Msg): StreamMessage | null {
  const tokens = message.reply?.split('.') ?? [];
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return null;
  const shift = tokens.length === 9 ? 0 : 2;
  return {
    sequence: Number(tokens[5 + shift]),
    delivery: Number(tokens[6 + shift]),
    storedAt: Math.floor(Number(tokens[7 + shift]) / 1_000_000),
    pending: Number(tokens[8 + shift]),
    subject: message.subject,
    headers: message.headers,
    data: message.data,
  };
}
