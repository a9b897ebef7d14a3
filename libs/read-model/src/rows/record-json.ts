import type { RecordRow } from '../schema/index.ts';
import { jsonText, timeText, type JsonText } from './json-text.ts';

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

/** The row's references, for whoever looks up whom they mean. */
export function referencesOf(row: Pick<RecordRow, 'externalReferences'>): readonly StoredReference[] {
  const references: unknown = JSON.parse(row.externalReferences);
  if (!isReferences(references)) throw new TypeError('external_references is not a list of references');
  return references;
}

function isReferences(value: unknown): value is readonly StoredReference[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && 'external_id' in item);
}

/**
 * The row as JSON text of the `Record` DTO. `references`: JSON text of its references, each with the `aggregate_id` that it means now.
 * Written out, not built: this is done for every record that is served.
 */
export function recordJson(row: RecordRow, references: JsonText): JsonText {
  const source = `{"source":${jsonText(row.source)},"entity":${jsonText(row.entity)},"external_id":${jsonText(row.externalId)}`;
  return `{"id":"${row.id}","type":${jsonText(row.type)},"version":${row.version},"lifecycle":"${row.lifecycle}","complete":${row.complete},`
    + `"dirty_since":${timeText(row.dirtySince)},"status":${jsonText(row.status)},"fields":${row.fields},"references":${references},`
    + `"sources":[${source},"fields":${row.sourceFields ?? row.fields}}],"superseded_by":${jsonText(row.supersededBy)},`
    + `"created_at":${timeText(row.createdAt)},"updated_at":${timeText(row.updatedAt)},"position":"${row.position}"}`;
}
