import type { Command } from './command.ts';
import type { EventWriteDTO } from './event-write.ts';
import { parseWritten, stringifyExact } from './exact-json.ts';

/**
 * What travels on a lane: several commands in one broker message. `first` numbers the envelope's first command among all that this
 * publisher instance ever sent to this lane (from 1); `count` of them follow without a hole. An idle or stopping publisher sends
 * `count: 0` with its next number, so that a lost envelope before it shows.
 */
export interface LaneEnvelope {
  /** Drawn at each start of a publisher. */
  readonly publisher: string;
  readonly lane: string;
  readonly first: number;
  readonly count: number;
  /** Commands as JSON values, unread: one that cannot be read must not take its neighbours with it. */
  readonly commands: readonly unknown[];
}

/** `commands` are JSON texts, so that an envelope is put together without parsing them again. */
export function encodeEnvelope(head: Omit<LaneEnvelope, 'commands'>, commands: readonly string[]): string {
  return `{"v":1,"publisher":${JSON.stringify(head.publisher)},"lane":${JSON.stringify(head.lane)},"first":${head.first},"count":${head.count},"commands":[${commands.join(',')}]}`;
}

export function encodeCommand(command: Command): string {
  if (command.type !== 'ProcessCrmEvent') return stringifyExact(command);
  const { event, ...rest } = command;
  return `${stringifyExact(rest).slice(0, -1)},"event":${encodeWrite(event)}}`;
}

const writtenTexts = new WeakMap<EventWriteDTO, string>();

/** A write as JSON text. It stands in the command and in the answer to the sender, and is written once. */
export function encodeWrite(write: EventWriteDTO): string {
  const known = writtenTexts.get(write);
  if (known !== undefined) return known;
  const text = stringifyExact(write);
  writtenTexts.set(write, text);
  return text;
}

/** @throws SyntaxError or TypeError where the bytes are not an envelope of version 1. */
export function decodeEnvelope(bytes: Uint8Array): LaneEnvelope {
  const value = parseWritten(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  if (!isEnvelope(value)) throw new TypeError('not a lane envelope of version 1');
  return value;
}

function isEnvelope(value: unknown): value is LaneEnvelope {
  return typeof value === 'object' && value !== null
    && 'v' in value && value.v === 1
    && 'publisher' in value && typeof value.publisher === 'string'
    && 'lane' in value && typeof value.lane === 'string'
    && 'first' in value && Number.isSafeInteger(value.first) && Number(value.first) >= 1
    && 'count' in value && 'commands' in value && Array.isArray(value.commands) && value.commands.length === value.count;
}
