import { Finding } from '@clientele/contracts';
import { Type, type Static } from '@sinclair/typebox';

const Instant = Type.String({ format: 'date-time' });

/** Work that waits for a person or a later version: a parked change, or a quarantined body or command. */
export const DeadLetter = Type.Object(
  {
    /** The change id; of what has none, an id made from its text. */
    id: Type.String(),
    outcome: Type.Union([Type.Literal('parked'), Type.Literal('quarantined')]),
    reason: Type.Union([Type.String(), Type.Null()]),
    errors: Type.Array(Finding),
    command_type: Type.String(),
    provider: Type.String(),
    source: Type.Union([Type.String(), Type.Null()]),
    aggregate_id: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
    repeats: Type.Integer({ minimum: 0 }),
    received_at: Instant,
    decided_at: Instant,
  },
  { additionalProperties: false, $id: 'DeadLetter' },
);
export type DeadLetter = Static<typeof DeadLetter>;

export const DeadLetterDetail = Type.Object(
  {
    ...DeadLetter.properties,
    /** The whole command as it was read, every digit of it. */
    payload: Type.Unknown(),
    /** The bytes of a quarantined body as text, where they are UTF-8. */
    body_text: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false, $id: 'DeadLetterDetail' },
);
export type DeadLetterDetail = Static<typeof DeadLetterDetail>;

export const DeadLetterQuery = Type.Object(
  {
    outcome: Type.Optional(DeadLetter.properties.outcome),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    source: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    provider: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  },
  { additionalProperties: false },
);
export type DeadLetterQuery = Static<typeof DeadLetterQuery>;

export const DeadLetterPage = Type.Object(
  {
    items: Type.Array(DeadLetter),
    next_cursor: Type.Union([Type.String(), Type.Null()]),
    /** The log's newest position when the page was read. */
    position: Type.String(),
  },
  { additionalProperties: false, $id: 'DeadLetterPage' },
);
export type DeadLetterPage = Static<typeof DeadLetterPage>;
