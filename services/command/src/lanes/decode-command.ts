import { hash } from 'node:crypto';
import {
  COMMAND_SCHEMA_VERSIONS, NewerSchemaError, ProcessCrmEvent, QuarantineBody, stringifyExact, type Command, type Finding,
} from '@clientele/contracts';
import { FormatRegistry } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { isInstant } from './instant.ts';
import type { ReceivedCommand, UnreadableCommand } from './received-command.ts';

if (!FormatRegistry.Has('date-time')) FormatRegistry.Set('date-time', isInstant);

const processCrmEvent = TypeCompiler.Compile(ProcessCrmEvent);
const quarantineBody = TypeCompiler.Compile(QuarantineBody);
const MOST_ERRORS = 20;
const UNKNOWN = 'unknown';
/** What a column of short text takes; no such text can be part of a name. */
const SHORT_TEXT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;

/**
 * Reads one command of an envelope.
 * @throws NewerSchemaError where it is of a known type and a later version than this code knows.
 */
export function decodeCommand(value: unknown, now: () => Date): ReceivedCommand {
  refuseNewer(value);
  if (!isCommand(value)) return unreadable(value, now, schemaErrors(value));
  const errors = [...unusableNames(value), ...unusableTimes(value)];
  return errors.length === 0 ? { readable: true, commandId: value.commandId, command: value } : unreadable(value, now, errors);
}

/** A message of the lane that is no envelope at all. */
export function unreadableMessage(bytes: Uint8Array, error: unknown, now: () => Date): UnreadableCommand {
  const value = { body: Buffer.from(bytes).toString('base64') };
  return unreadable(value, now, [{ path: '', code: 'not_an_envelope', message: error instanceof Error ? error.message : String(error) }]);
}

function isCommand(value: unknown): value is Command {
  return processCrmEvent.Check(value) || quarantineBody.Check(value);
}

function refuseNewer(value: unknown): void {
  const type = member(value, 'type');
  const version = member(value, 'schemaVersion');
  if (!isKnown(type) || typeof version !== 'number' || !Number.isInteger(version)) return;
  const newest = COMMAND_SCHEMA_VERSIONS[type];
  if (version > newest) throw new NewerSchemaError(`a ${type} of schema version ${version} came; this process knows up to ${newest}`);
}

function isKnown(type: unknown): type is Command['type'] {
  return typeof type === 'string' && Object.hasOwn(COMMAND_SCHEMA_VERSIONS, type);
}

/** Names that could not be kept: they stand in columns, and a command that cannot be kept would stop its lane. */
function unusableNames(command: Command): readonly Finding[] {
  const names: [string, string | null | undefined][] = [['/commandId', command.commandId], ['/provider', command.provider]];
  if (command.type === 'ProcessCrmEvent') {
    const { source, entity, external_id: externalId } = command.event;
    names.push(['/event/source', source], ['/event/entity', entity], ['/event/external_id', externalId]);
  } else {
    names.push(['/source', command.source]);
  }
  return names
    .filter(([, name]) => typeof name === 'string' && !SHORT_TEXT.test(name))
    .map(([path]) => ({ path, code: 'name', message: 'must be 1 to 255 characters, none of them a control character' }));
}

function unusableTimes(command: Command): readonly Finding[] {
  const times: [string, string][] = [['/receivedAt', command.receivedAt]];
  if (command.type === 'ProcessCrmEvent') {
    const { occurred_at: occurredAt, metadata } = command.event;
    times.push(['/event/occurred_at', occurredAt], ['/event/metadata/clock/commit_time', metadata.clock.commit_time]);
  }
  return times
    .filter(([, time]) => !isInstant(time))
    .map(([path]) => ({ path, code: 'date-time', message: 'must be an RFC 3339 time that the calendar knows' }));
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

function schemaErrors(value: unknown): readonly Finding[] {
  const type = member(value, 'type');
  if (!isKnown(type)) return [{ path: '/type', code: 'unknown_type', message: 'no command of this name is known' }];
  const errors: Finding[] = [];
  for (const { path, message } of (type === 'ProcessCrmEvent' ? processCrmEvent : quarantineBody).Errors(value)) {
    if (errors.length === MOST_ERRORS) break;
    errors.push({ path, code: 'schema', message });
  }
  return errors;
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
