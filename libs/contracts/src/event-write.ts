import { EVENT_TYPES, type Json } from '@clientele/domain';
import { Type, type Static } from '@sinclair/typebox';
import { Finding, Outcome } from './outcome.ts';

/** The source's own position of a change; `commit_number` is a string because it exceeds 2^53. */
export const ChangeClock = Type.Object(
  {
    commit_time: Type.String({ format: 'date-time', description: 'RFC 3339 UTC with milliseconds' }),
    commit_number: Type.String({ pattern: '^\\d{1,20}$' }),
    sequence_number: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type ChangeClock = Static<typeof ChangeClock>;

export const ChangeMetadata = Type.Object(
  {
    /** `read`: no change that the source told of, but what it answered when we asked. */
    kind: Type.Union([Type.Literal('change'), Type.Literal('gap'), Type.Literal('entity_gap'), Type.Literal('unknown'), Type.Literal('read')]),
    /** Id of the source's user who made the change. */
    actor: Type.Union([Type.String(), Type.Null()]),
    /** What made the change, as the source says it (Salesforce `changeOrigin`). */
    origin: Type.Union([Type.String(), Type.Null()]),
    clock: ChangeClock,
    correlation_id: Type.String(),
    causation_id: Type.Union([Type.String(), Type.Null()]),
    transaction_id: Type.Union([Type.String(), Type.Null()]),
    /** The source's own word for the kind of change, for example `GAP_UPDATE`. */
    source_change_type: Type.String(),
    /** For an update: the paths that it writes, as the source named them; absent: every field present. */
    changed_fields: Type.Optional(Type.Array(Type.String())),
    /** For feeds in which null is ambiguous: the paths that were really cleared. */
    nulled_fields: Type.Optional(Type.Array(Type.String())),
    /** For feeds that send large texts as differences in plain strings: the paths that hold one. */
    diff_fields: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
);
export type ChangeMetadata = Static<typeof ChangeMetadata>;

/** One change of one record, as taken in. `id` is the change id. `data` holds the fields in the source's own names. */
export const EventWriteDTO = Type.Object(
  {
    id: Type.String({ minLength: 10, maxLength: 80, pattern: '^[0-9]{8}-[A-Za-z0-9_-]+$' }),
    event_type: Type.Optional(Type.Union(EVENT_TYPES.slice(0, 10).map((type) => Type.Literal(type)))),
    provider: Type.String(),
    source: Type.String({ description: 'salesforce:<org id 18>' }),
    /** The source's entity name, for example `Account`. */
    entity: Type.String(),
    /** What the record is here (`client`), or null where no mapping names the entity. */
    aggregate_type: Type.Union([Type.String(), Type.Null()]),
    external_id: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    data: Type.Record(Type.String(), Type.Unsafe<Json>(Type.Unknown())),
    metadata: ChangeMetadata,
    occurred_at: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false, $id: 'EventWriteDTO', title: 'EventWriteDTO' },
);
export type EventWriteDTO = Static<typeof EventWriteDTO>;

/** A change and what became of it. */
export const EventReadDTO = Type.Object(
  {
    ...EventWriteDTO.properties,
    status: Type.Union([Type.Literal('accepted'), Type.Literal('parked'), Type.Literal('processed')]),
    outcome: Type.Union([Outcome, Type.Null()]),
    reason: Type.Union([Type.String(), Type.Null()]),
    errors: Type.Array(Finding),
    warnings: Type.Array(Finding),
    received_at: Type.String({ format: 'date-time' }),
    processed_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    aggregate_id: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
    position: Type.Union([Type.String(), Type.Null()]),
    repeats: Type.Integer({ minimum: 0 }),
    /** How often it was taken up again after it was parked, and when it is next by itself (null: not by itself); told by the query API. */
    attempts: Type.Optional(Type.Integer({ minimum: 0 })),
    next_attempt_at: Type.Optional(Type.Union([Type.String({ format: 'date-time' }), Type.Null()])),
  },
  { additionalProperties: false, $id: 'EventReadDTO', title: 'EventReadDTO' },
);
export type EventReadDTO = Static<typeof EventReadDTO>;
