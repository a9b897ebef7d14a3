import type { Command, Finding } from '@clientele/contracts';

/** A command of this code's own versions, or an earlier one of it. */
export interface ReadableCommand {
  readonly readable: true;
  readonly commandId: string;
  readonly command: Command;
}

/** What no version of this code can read: kept whole, and the lane goes on. */
export interface UnreadableCommand {
  readonly readable: false;
  /** Made from its text; the id that it claims stands in the payload. */
  readonly commandId: string;
  readonly provider: string;
  readonly source: string | null;
  readonly correlationId: string;
  readonly receivedAt: string;
  /** The JSON text of the command; of a message that is no envelope, `{"body": "<base64>"}`. */
  readonly payload: string;
  readonly errors: readonly Finding[];
}

export type ReceivedCommand = ReadableCommand | UnreadableCommand;

/** Where a command comes from, and when it came. */
export interface Origin {
  readonly provider: string;
  readonly source: string | null;
  readonly correlationId: string;
  readonly receivedAt: string;
}

export function originOf(received: ReceivedCommand): Origin {
  if (!received.readable) return received;
  const { command } = received;
  return { ...command, source: sourceOfCommand(command) };
}

/** The source that the accounting counts a command under; '' where it cannot be told. */
export function sourceOf(received: ReceivedCommand): string {
  return (received.readable ? sourceOfCommand(received.command) : received.source) ?? '';
}

function sourceOfCommand(command: Command): string | null {
  return command.type === 'ProcessCrmEvent' ? command.event.source : command.source;
}
