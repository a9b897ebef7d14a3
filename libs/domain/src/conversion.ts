import type { AggregateDefinition } from './definition.ts';
import { effectiveField } from './effective-fields.ts';
import type { ConvertedInto } from './event.ts';
import type { RecordState } from './record.ts';

/** What a record was converted into, by the fields that say so; null: it was not. A reference without a value, or that no mapping names, is none. */
export function conversionOf(state: RecordState, { conversion, references }: AggregateDefinition): readonly ConvertedInto[] | null {
  if (conversion === null || effectiveField(state, conversion.flag)?.value !== true) return null;
  return conversion.into.flatMap((field) => {
    const entity = Object.hasOwn(references, field) ? references[field] : undefined;
    const externalId = effectiveField(state, field)?.value;
    return entity !== undefined && typeof externalId === 'string' && externalId !== '' ? [{ field, entity, externalId }] : [];
  });
}
