import type { Finding } from '@clientele/contracts';
import { numberLiteral } from '@clientele/contracts';
import type { TSchema } from '@sinclair/typebox';
import type { ValueError } from '@sinclair/typebox/compiler';

/** Findings beyond these tell a sender nothing more. */
const MOST_FINDINGS = 20;

/** What a schema had to say of a value, one finding a field. Never quotes a value: it may be personal. */
export function schemaFindings(errors: Iterable<ValueError>, root: string): Finding[] {
  const findings = new Map<string, Finding>();
  for (const { path, schema, value } of errors) {
    const field = fieldPath(root, path);
    if (findings.has(field)) continue;
    const missing = value === undefined;
    const message = missing ? `is missing: ${expected(schema)}` : `is ${described(value)}; it must be ${expected(schema)}`;
    findings.set(field, { path: field, code: missing ? 'required' : 'invalid', message });
    if (findings.size === MOST_FINDINGS) break;
  }
  return [...findings.values()];
}

/** `/recordIds/0` below `detail` -> `detail.recordIds[0]`. */
function fieldPath(root: string, pointer: string): string {
  return pointer.split('/').slice(1).reduce((path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`), root);
}

function described(value: unknown): string {
  if (value === null) return 'null';
  if (numberLiteral(value) !== null) return 'a number';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  return typeof value === 'string' ? `a string of ${value.length} characters` : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function expected(schema: TSchema): string {
  const { type, minLength, maxLength, pattern, minItems, maxItems, anyOf } = schema;
  if (Array.isArray(anyOf)) return anyOf.map((one: TSchema) => expected(one)).join(' or ');
  switch (type) {
    case 'integer':
      return `an integer from 0 to ${String(schema['x-maximum'])}, written as a JSON number without quotes, point or exponent`;
    case 'string':
      return `a string${maxLength === undefined ? '' : ` of ${String(minLength ?? 0)} to ${String(maxLength)} characters`}${pattern === undefined ? '' : ` that matches ${String(pattern)}`}`;
    case 'array':
      return `an array${maxItems === undefined ? '' : ` of ${String(minItems ?? 0)} to ${String(maxItems)}`}`;
    case 'object':
      return 'an object';
    default:
      return String(type);
  }
}
