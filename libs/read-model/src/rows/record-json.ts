import type { RecordRow } from '../schema/index.ts';
import { jsonText, objectText, timeText, type JsonText } from './json-text.ts';

/** A reference as a record's row holds it: whom the source means, not yet which record of ours that is. */
export interface StoredReference {
  /** The field in our names. */
  readonly field: string;
  readonly source: string;
  readonly entity: string;
  readonly external_id: string;
  /** What the mapping makes of the entity; null where it names none. */
  readonly aggregate_type: string | null;
}

/** Looks up the aggregate id; null where the record is not known (yet). */
export type ResolveReference = (reference: StoredReference) => string | null;

/** The row's references, to be resolved in one query for a whole page. */
export function referencesOf(row: Pick<RecordRow, 'externalReferences'>): readonly StoredReference[] {
  const references: unknown = JSON.parse(row.externalReferences);
  if (!isReferences(references)) throw new TypeError('external_references is not a list of references');
  return references;
}

function isReferences(value: unknown): value is readonly StoredReference[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && 'external_id' in item);
}

/** The row as JSON text of the `Record` DTO. `references` are those of the row, for who has read them already. */
export function recordJson(row: RecordRow, resolve: ResolveReference, references = referencesOf(row)): JsonText {
  return objectText({
    id: jsonText(row.id),
    type: jsonText(row.type),
    version: jsonText(row.version),
    lifecycle: jsonText(row.lifecycle),
    complete: jsonText(row.complete),
    dirty_since: timeText(row.dirtySince),
    status: jsonText(row.status),
    fields: row.fields,
    references: jsonText(references.map((reference) => ({ ...reference, aggregate_id: resolve(reference) }))),
    sources: `[${objectText({
      source: jsonText(row.source),
      entity: jsonText(row.entity),
      external_id: jsonText(row.externalId),
      fields: row.sourceFields ?? row.fields,
    })}]`,
    superseded_by: jsonText(row.supersededBy),
    created_at: timeText(row.createdAt),
    updated_at: timeText(row.updatedAt),
    position: jsonText(row.position),
  });
}
