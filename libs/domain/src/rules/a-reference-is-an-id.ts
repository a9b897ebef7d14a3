import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';

/** A field that the mapping calls a reference holds an id, or nothing. */
export function aReferenceIsAnId({ change, definition }: ChangeContext): Finding[] {
  return change.fields
    .filter(({ path, value }) => Object.hasOwn(definition.references, path) && value !== null && (typeof value !== 'string' || value === ''))
    .map(({ path }) => ({ path, code: 'reference_not_an_id', message: `${path} points at ${String(definition.references[path])}, but its value is no id` }));
}
