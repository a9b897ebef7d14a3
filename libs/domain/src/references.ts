import type { AggregateDefinition } from './definition.ts';
import { effectiveField } from './effective-fields.ts';
import { nameOf } from './names.ts';
import type { RecordState } from './record.ts';

/** A field that points at another record, as its own source names it. Resolved when read: the other may come later, or never. */
export interface ExternalReference {
  /** The field, in our names. */
  readonly field: string;
  readonly entity: string;
  readonly externalId: string;
}

/** The references of a record that have a value, in the mapping's order. */
export function referencesOf(state: RecordState, definition: AggregateDefinition): ExternalReference[] {
  return Object.entries(definition.references).flatMap(([path, entity]) => {
    const value = effectiveField(state, path)?.value;
    return typeof value === 'string' && value !== '' ? [{ field: nameOf(path, definition), entity, externalId: value }] : [];
  });
}
