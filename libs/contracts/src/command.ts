import type { Json } from '@clientele/domain';
import { Type, type Static } from '@sinclair/typebox';
import { EventWriteDTO } from './event-write.ts';
import { Finding } from './outcome.ts';

/** A change of one record, to be decided. `commandId` is the change id. Schema version 1. */
export const ProcessCrmEvent = Type.Object(
  {
    type: Type.Literal('ProcessCrmEvent'),
    schemaVersion: Type.Integer({ minimum: 1 }),
    commandId: Type.String(),
    provider: Type.String(),
    event: EventWriteDTO,
    /** The record's raw text, byte for byte as it arrived (the change's own JSON object). */
    rawEvent: Type.String(),
    correlationId: Type.String(),
    /** RFC 3339, when ingest took it in. */
    receivedAt: Type.String(),
  },
  { additionalProperties: false },
);
export type ProcessCrmEvent = Static<typeof ProcessCrmEvent>;

/** A body that no mapper understood, kept whole. `commandId` is derived from provider and raw bytes. Schema version 1. */
export const QuarantineBody = Type.Object(
  {
    type: Type.Literal('QuarantineBody'),
    schemaVersion: Type.Integer({ minimum: 1 }),
    commandId: Type.String(),
    provider: Type.String(),
    source: Type.Union([Type.String(), Type.Null()]),
    /** Base64 of the raw bytes. */
    body: Type.String(),
    reason: Type.String(),
    errors: Type.Array(Finding),
    correlationId: Type.String(),
    receivedAt: Type.String(),
  },
  { additionalProperties: false },
);
export type QuarantineBody = Static<typeof QuarantineBody>;

/** A record as its source gave it when asked. `commandId` is the reading's own: day of the reading and 27 characters. Schema version 1. */
export const RecordRead = Type.Object(
  {
    type: Type.Literal('RecordRead'),
    schemaVersion: Type.Integer({ minimum: 1 }),
    commandId: Type.String(),
    provider: Type.String(),
    source: Type.String(),
    entity: Type.String(),
    external_id: Type.String({ minLength: 1, maxLength: 255 }),
    /** RFC 3339 with milliseconds, by the provider's clock: `until` when it answered, `from` the duration of the call before; and the reader's running number. */
    read: Type.Object({ from: Type.String(), until: Type.String(), number: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }),
    result: Type.Union([Type.Literal('found'), Type.Literal('deleted')]),
    /** The record of the same entity that this one was merged into, as far as the provider tells. */
    survivor_id: Type.Union([Type.String(), Type.Null()]),
    /** The fields that were asked for, named as changes name them, nested; null: asked for, and empty. */
    data: Type.Record(Type.String(), Type.Unsafe<Json>(Type.Unknown())),
    /** Why it was read: the reason of a request, or the work that it is part of (`repair`, `load`, `reconciliation.missed` ...). */
    cause: Type.String(),
    correlationId: Type.String(),
    receivedAt: Type.String(),
  },
  { additionalProperties: false },
);
export type RecordRead = Static<typeof RecordRead>;

const parkedWork = {
  schemaVersion: Type.Integer({ minimum: 1 }),
  commandId: Type.String(),
  /** The command that is parked. */
  target: Type.String(),
  provider: Type.String(),
  source: Type.String(),
  entity: Type.String(),
  external_id: Type.Union([Type.String(), Type.Null()]),
  /** The name of the key that asked, or what of ours did. */
  requestedBy: Type.String(),
  /** The larger redrive that this is part of. */
  redriveId: Type.Union([Type.String(), Type.Null()]),
  correlationId: Type.String(),
  receivedAt: Type.String(),
};

/** Decide a parked command again, as it stands. Goes by the lane of its record. Schema version 1. */
export const RedriveParked = Type.Object({ type: Type.Literal('RedriveParked'), ...parkedWork }, { additionalProperties: false });
export type RedriveParked = Static<typeof RedriveParked>;

/** Decide a parked change with another event in its place; the original is kept. Schema version 1. */
export const EditParked = Type.Object(
  { type: Type.Literal('EditParked'), ...parkedWork, event: EventWriteDTO, reason: Type.String() },
  { additionalProperties: false },
);
export type EditParked = Static<typeof EditParked>;

/** Give a parked command up. Schema version 1. */
export const DiscardParked = Type.Object({ type: Type.Literal('DiscardParked'), ...parkedWork, reason: Type.String() }, { additionalProperties: false });
export type DiscardParked = Static<typeof DiscardParked>;

export type Command = ProcessCrmEvent | QuarantineBody | RecordRead | RedriveParked | EditParked | DiscardParked;

/** The newest schema version of each command that this code reads. */
export const COMMAND_SCHEMA_VERSIONS: Readonly<Record<Command['type'], number>> = {
  ProcessCrmEvent: 1, QuarantineBody: 1, RecordRead: 1, RedriveParked: 1, EditParked: 1, DiscardParked: 1,
};
