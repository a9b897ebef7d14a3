import { encodeCloudEvent, encodeCloudEventReference, eventSubject, type LogEntry } from '@clientele/contracts';
import type { MsgHdrs } from '../connection/nats-client.ts';

const POSITION_HEADER = 'Clientele-Position';
const INCARNATION_HEADER = 'Clientele-Incarnation';
/** Room for what the broker's client adds to a message: the fence and the name of the stream. */
const HEADER_BYTES = 1024;

/** A log entry as a message of EVENTS. */
export interface EventMessage extends LogPlace {
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

export interface EventMessageOptions {
  /** The log's incarnation. */
  readonly incarnation: string;
  /** The broker's limit for a message, in bytes. */
  readonly maxPayload: number;
  /** Where an entry that is too large is had. */
  readonly dataref: (position: number) => string;
}

export function toEventMessage(entry: LogEntry, { incarnation, maxPayload, dataref }: EventMessageOptions): EventMessage {
  const whole = Buffer.from(encodeCloudEvent(entry, incarnation), 'utf8');
  const data = whole.length + HEADER_BYTES <= maxPayload
    ? whole
    : Buffer.from(encodeCloudEventReference(entry, incarnation, dataref(entry.position)), 'utf8');
  return {
    incarnation,
    position: entry.position,
    subject: entry.kind === 'event'
      ? eventSubject({ broadcast: entry.metadata.broadcast, aggregate: entry.streamType, type: entry.type })
      : eventSubject({ broadcast: false, aggregate: 'ledger', type: entry.outcome }),
    headers: {
      [POSITION_HEADER]: String(entry.position),
      [INCARNATION_HEADER]: incarnation,
      'Content-Type': 'application/cloudevents+json',
    },
    data,
  };
}

/** Where in which log a message of EVENTS stands. */
export interface LogPlace {
  readonly incarnation: string;
  readonly position: number;
}

/** @returns null for a message that no relay wrote. */
export function placeOf(headers: MsgHdrs | undefined): LogPlace | null {
  const position = Number(headers?.get(POSITION_HEADER) ?? '');
  const incarnation = headers?.get(INCARNATION_HEADER) ?? '';
  return Number.isSafeInteger(position) && position > 0 && incarnation !== '' ? { incarnation, position } : null;
}
