import {
  COMMAND_SCHEMA_VERSIONS, DiscardParked, EditParked, isInstant, ProcessCrmEvent, QuarantineBody, RecordRead, RedriveParked, type Command, type Finding,
} from '@clientele/contracts';
import { FormatRegistry } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';

if (!FormatRegistry.Has('date-time')) FormatRegistry.Set('date-time', isInstant);

const SCHEMAS = {
  ProcessCrmEvent: TypeCompiler.Compile(ProcessCrmEvent),
  QuarantineBody: TypeCompiler.Compile(QuarantineBody),
  RecordRead: TypeCompiler.Compile(RecordRead),
  RedriveParked: TypeCompiler.Compile(RedriveParked),
  EditParked: TypeCompiler.Compile(EditParked),
  DiscardParked: TypeCompiler.Compile(DiscardParked),
};
const MOST_ERRORS = 20;

export function isCommand(value: unknown): value is Command {
  const type = typeOf(value);
  return isKnownType(type) && SCHEMAS[type].Check(value);
}

export function isKnownType(type: unknown): type is Command['type'] {
  return typeof type === 'string' && Object.hasOwn(COMMAND_SCHEMA_VERSIONS, type);
}

/** Why the value is no command; the first 20 reasons. */
export function schemaErrors(value: unknown): readonly Finding[] {
  const type = typeOf(value);
  if (!isKnownType(type)) return [{ path: '/type', code: 'unknown_type', message: 'no command of this name is known' }];
  const errors: Finding[] = [];
  for (const { path, message } of SCHEMAS[type].Errors(value)) {
    if (errors.length === MOST_ERRORS) break;
    errors.push({ path, code: 'schema', message });
  }
  return errors;
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
}
