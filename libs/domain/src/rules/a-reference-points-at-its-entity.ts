import type { Finding } from '../finding.ts';
import type { ChangeContext } from './contexts.ts';

/** A reference holds an id of the entity that it points at, as far as ids tell. */
export function aReferencePointsAtItsEntity({ change, definition: { expected, references } }: ChangeContext): Finding[] {
  if (expected === undefined) return [];
  return change.fields.flatMap(({ path, value }) => {
    const prefix = Object.hasOwn(expected.idPrefixes, path) ? expected.idPrefixes[path] : undefined;
    if (prefix === undefined || typeof value !== 'string' || value === '' || value.startsWith(prefix)) return [];
    return [{ path, code: 'reference_of_other_entity', message: `${path} points at ${String(references[path])}, whose ids begin with ${prefix}` }];
  });
}
