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

export type Command = ProcessCrmEvent | QuarantineBody;

/** The newest schema version of each command that this code reads. */
export const COMMAND_SCHEMA_VERSIONS: Readonly<Record<Command['type'], number>> = { ProcessCrmEvent: 1, QuarantineBody: 1 };
