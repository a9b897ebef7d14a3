import { isInstant, ValidationError, type Finding } from '@clientele/contracts';
import { FormatRegistry, type TSchema } from '@sinclair/typebox';
import { TypeCompiler, type ValueError } from '@sinclair/typebox/compiler';
import { Value } from '@sinclair/typebox/value';
import type { FastifySchemaCompiler } from 'fastify';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Findings beyond these tell a caller nothing more. */
const MOST_FINDINGS = 20;

export function registerFormats(): void {
  FormatRegistry.Set('uuid', (text) => UUID.test(text));
  FormatRegistry.Set('date-time', isInstant);
}

/**
 * Checks requests by their TypeBox schemas. Bodies are taken as they are; texts of a query become numbers and booleans where one is
 * asked for.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const compiled = TypeCompiler.Compile(schema);
  return (input: unknown) => {
    const value = httpPart === 'body' ? input : Value.Default(schema, converted(schema, input));
    if (compiled.Check(value)) return { value };
    return { error: validationError(httpPart ?? 'body', compiled.Errors(value)) };
  };
};

/** The library cuts `5.5` to the integer 5 and makes a 1 of `true`: what does not say the number that came of it stays a text, and is refused. */
function converted(schema: TSchema, input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return Value.Convert(schema, input);
  const value = Value.Convert(schema, { ...input });
  if (typeof value !== 'object' || value === null) return value;
  const texts = Object.entries(input).filter(([name, text]) => {
    const made: unknown = Reflect.get(value, name);
    return typeof made === 'number' && Number(text) !== made;
  });
  return { ...value, ...Object.fromEntries(texts) };
}

function validationError(part: string, errors: Iterable<ValueError>): ValidationError {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  for (const error of errors) {
    const path = [part === 'querystring' ? 'query' : part, ...error.path.split('/').slice(1)].join('.');
    if (seen.has(path)) continue;
    seen.add(path);
    findings.push({ path, code: codeOf(error), message: messageOf(error) });
    if (findings.length === MOST_FINDINGS) break;
  }
  return new ValidationError(
    `The request is not valid: ${findings.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
    findings,
  );
}

function codeOf(error: ValueError): string {
  if (error.value === undefined) return 'required';
  return error.message.startsWith('Unexpected property') ? 'unknown' : 'invalid';
}

function messageOf(error: ValueError): string {
  const { pattern, description }: { pattern?: unknown; description?: unknown } = error.schema;
  // A pattern is for machines; what describes it tells a person what to write.
  if (typeof error.value === 'string' && pattern !== undefined && typeof description === 'string') return `Does not fit. ${description}`;
  const alternatives: unknown = error.schema['anyOf'];
  if (!Array.isArray(alternatives)) return error.message;
  const constants = alternatives.flatMap(({ const: one }: TSchema): string[] => (one === undefined ? [] : [String(one)]));
  return constants.length === alternatives.length ? `Expected one of ${constants.join(', ')}` : error.message;
}
