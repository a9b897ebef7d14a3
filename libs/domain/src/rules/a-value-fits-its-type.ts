import type { ValueType } from '../definition.ts';
import type { Finding } from '../finding.ts';
import { isExactNumber, type Json } from '../json.ts';
import type { ChangeContext } from './contexts.ts';

/** A field that the mapping gives a type holds a value of that type, or nothing. */
export function aValueFitsItsType({ change, definition: { expected } }: ChangeContext): Finding[] {
  if (expected === undefined) return [];
  return change.fields.flatMap(({ path, value }) => {
    const type = Object.hasOwn(expected.types, path) ? expected.types[path] : undefined;
    if (type === undefined || value === null || FITS[type](value)) return [];
    return [{ path, code: 'value_not_of_type', message: `${path} should hold a ${type}` }];
  });
}

const DAY = /^\d{4}-\d{2}-\d{2}/;

/** A source may tell a time as text, or as milliseconds since 1970. */
const FITS: Readonly<Record<ValueType, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: isNumber,
  boolean: (value) => typeof value === 'boolean',
  date: (value) => isNumber(value) || (typeof value === 'string' && DAY.test(value)),
  datetime: (value) => isNumber(value) || (typeof value === 'string' && DAY.test(value)),
  reference: (value) => typeof value === 'string' && value !== '',
};

function isNumber(value: Json): boolean {
  return typeof value === 'number' || isExactNumber(value);
}
