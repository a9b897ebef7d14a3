import { hash } from 'node:crypto';
import { COMMAND_SCHEMA_VERSIONS, isInstant, NewerSchemaError, stringifyExact, type Finding } from '@clientele/contracts';
import { isCommand, isKnownType, schemaErrors } from './command-schemas.ts';
import type { ReceivedCommand, UnreadableCommand } from './received-command.ts';
import { SHORT_TEXT, unusableValues } from './unusable-values.ts';

const UNKNOWN = 'unknown';

/**
 * Reads one command of an envelope.
 * @throws NewerSchemaError where it is of a known type and a later version than this code knows.
 */
export function decodeCommand(value: unknown, now: () => Date): ReceivedCommand {
  refuseNewer(value);
  if (!isCommand(value)) return unreadable(value, now, schemaErrors(value));
  const errors = unusableValues(value);
  return errors.length === 0 ? { readable: true, commandId: value.commandId, command: value } : unreadable(value, now, errors);
}

/** A message of the lane that is no envelope at all. */
export function unreadableMessage(bytes: Uint8Array, error: unknown, now: () => Date): UnreadableCommand {
  const value = { body: Buffer.from(bytes).toString('base64') };
  return unreadable(value, now, [{ path: '', code: 'not_an_envelope', message: error instanceof Error ? error.message : String(error) }]);
}

function refuseNewer(value: unknown): void {
  const type = member(value, 'type');
  const version = member(value, 'schemaVersion');
  if (!isKnownType(type) || typeof version !== 'number' || !Number.isInteger(version)) return;
  const newest = COMMAND_SCHEMA_VERSIONS[type];
  if (version > newest) throw new NewerSchemaError(`a ${type} of schema version ${version} came; this process knows up to ${newest}`);
}

function unreadable(value: unknown, now: () => Date, errors: readonly Finding[]): UnreadableCommand {
  const payload = stringifyExact(value);
  const receivedAt = name(value, 'receivedAt');
  return {
    readable: false,
    commandId: idOfText(payload),
    provider: name(value, 'provider') ?? UNKNOWN,
    source: name(member(value, 'event'), 'source') ?? name(value, 'source'),
    correlationId: name(value, 'correlationId') ?? '',
    receivedAt: receivedAt !== null && isInstant(receivedAt) ? receivedAt : now().toISOString(),
    payload,
    errors,
  };
}

/**
 * Stable, so that the same text again is a repeat. Never the id that the command claims: it may be that of a change that is known, and what
 * nobody could read would be dropped as its repeat; the payload keeps it. The day of ids that have none of their own is fixed.
 */
function idOfText(payload: string): string {
  return `19700101-${hash('sha256', payload, 'base64url').slice(0, 27)}`;
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([own]) => own === key)?.[1] : undefined;
}

function name(value: unknown, key: string): string | null {
  const found = member(value, key);
  return typeof found === 'string' && SHORT_TEXT.test(found) ? found : null;
}
