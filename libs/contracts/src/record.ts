import { Type, type Static } from '@sinclair/typebox';

export const RecordSource = Type.Object(
  {
    source: Type.String(),
    entity: Type.String(),
    external_id: Type.String(),
    /** The member's fields in the source's own names, every digit kept. */
    fields: Type.Record(Type.String(), Type.Unknown()),
  },
  { additionalProperties: false },
);

/**
 * A field that points at another record: stored as the source names it, resolved when read. Where that record was merged into another,
 * `aggregate_id` is the one that it lives on in, and `superseded_id` its own; else `superseded_id` is null.
 */
export const RecordReference = Type.Object(
  {
    field: Type.String(),
    source: Type.String(),
    entity: Type.String(),
    external_id: Type.String(),
    aggregate_type: Type.Union([Type.String(), Type.Null()]),
    aggregate_id: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
    superseded_id: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
  },
  { additionalProperties: false },
);

/** A record that became this one. */
export const ConvertedRecord = Type.Object(
  {
    aggregate_type: Type.String(),
    aggregate_id: Type.String({ format: 'uuid' }),
    source: Type.String(),
    entity: Type.String(),
    external_id: Type.String(),
  },
  { additionalProperties: false },
);

/** A record as the query API serves it. */
export const Record = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    type: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    lifecycle: Type.Union([Type.Literal('active'), Type.Literal('deleted')]),
    complete: Type.Boolean(),
    dirty_since: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    status: Type.Union([Type.String(), Type.Null()]),
    fields: Type.Record(Type.String(), Type.Unknown()),
    references: Type.Array(RecordReference),
    sources: Type.Array(RecordSource),
    /** The record that this one lives on in, after all mergers; null: none, or none that is known here. */
    superseded_by: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
    /** What the record was converted into, as a lead is. */
    converted_into: Type.Array(RecordReference),
    converted_from: Type.Array(ConvertedRecord),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
    position: Type.String(),
  },
  { additionalProperties: false, $id: 'Record' },
);
export type Record = Static<typeof Record>;
