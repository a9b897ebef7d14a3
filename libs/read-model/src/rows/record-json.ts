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

/** Who is meant, in the source's own words. */
export type NamedRecord = Pick<StoredReference, 'source' | 'entity' | 'external_id'>;

/** References as a row holds them, for whoever looks up whom they mean. */
export function referencesIn(text: string): readonly StoredReference[] {
  const references: unknown = JSON.parse(text);
  if (!isReferences(references)) throw new TypeError('a row with a list of references that is none');
  return references;
}

/** What a record is found by among what others became. One line, for many stand in one text. */
export function conversionKey({ source, entity, external_id }: NamedRecord): string {
  return [source, entity, external_id].map((part) => part.replaceAll(/[\t\n]/g, ' ')).join('\t');
}

function isReferences(value: unknown): value is readonly StoredReference[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && 'external_id' in item);
}

/** What is found out about a record when it is read; JSON texts but for the id. */
export interface FoundOut {
  /** Its references, each with the `aggregate_id` that it means now. */
  readonly references: JsonText;
  /** What it was converted into, likewise. */
  readonly convertedInto: JsonText;
  /** The record that it lives on in, after all mergers. */
  readonly supersededBy: string | null;
}

/** The row as JSON text of the `Record` DTO. Written out, not built: this is done for every record that is served. */
export function recordJson(row: RecordRow, { references, convertedInto, supersededBy }: FoundOut): JsonText {
  const source = `{"source":${jsonText(row.source)},"entity":${jsonText(row.entity)},"external_id":${jsonText(row.externalId)}`;
  return `{"id":"${row.id}","type":${jsonText(row.type)},"version":${row.version},"lifecycle":"${row.lifecycle}","complete":${row.complete},`
    + `"dirty_since":${timeText(row.dirtySince)},"status":${jsonText(row.status)},"fields":${row.fields},"references":${references},`
    + `"sources":[${source},"fields":${row.sourceFields ?? row.fields}}],"superseded_by":${jsonText(supersededBy)},`
    + `"converted_into":${convertedInto},"converted_from":${row.convertedFrom ?? '[]'},`
    + `"created_at":${timeText(row.createdAt)},"updated_at":${timeText(row.updatedAt)},"position":"${row.position}"}`;
}
