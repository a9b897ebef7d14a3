import { decodeEnvelope, NewerSchemaError, parseExact, type LaneEnvelope, type LaneMessage } from '@clientele/contracts';
import { decodeCommand, unreadableMessage } from './decode-command.ts';
import type { ReceivedCommand } from './received-command.ts';

export interface DecodedMessage {
  /** Null for a message that is no envelope: it has no number, and one unreadable command. */
  readonly envelope: Pick<LaneEnvelope, 'publisher' | 'first' | 'count'> | null;
  readonly received: readonly ReceivedCommand[];
}

const KNOWN_ENVELOPE_VERSION = 1;

/** @throws NewerSchemaError where the envelope, or a command in it, was written by a newer version of this code. */
export function decodeMessage(message: LaneMessage, now: () => Date): DecodedMessage {
  let envelope: LaneEnvelope;
  try {
    envelope = decodeEnvelope(message.data);
  } catch (error) {
    refuseNewer(message);
    return { envelope: null, received: [unreadableMessage(message.data, error, now)] };
  }
  return { envelope, received: envelope.commands.map((command) => decodeCommand(command, now)) };
}

function refuseNewer(message: LaneMessage): void {
  let value: unknown;
  try {
    value = parseExact(Buffer.from(message.data).toString('utf8'));
  } catch {
    return; // not JSON: of no version
  }
  if (typeof value !== 'object' || value === null || !('v' in value)) return;
  if (typeof value.v === 'number' && Number.isInteger(value.v) && value.v > KNOWN_ENVELOPE_VERSION) {
    throw new NewerSchemaError(`an envelope of version ${value.v} came; this process knows version ${KNOWN_ENVELOPE_VERSION}`);
  }
}
