import { Finding, Outcome } from '@clientele/contracts';
import { Type, type Static } from '@sinclair/typebox';
import { letterFilterFields } from './letter-filter.ts';

const Instant = Type.String({ format: 'date-time' });
const NullableText = Type.Union([Type.String(), Type.Null()]);
const NullableInstant = Type.Union([Instant, Type.Null()]);

/** Work that waits for a person or a later version: a parked change, or a quarantined body or command. */
export const DeadLetter = Type.Object(
  {
    /** The change id; of what has none, an id made from its text. */
    id: Type.String(),
    outcome: Type.Union([Type.Literal('parked'), Type.Literal('quarantined')]),
    reason: NullableText,
    errors: Type.Array(Finding),
    command_type: Type.String(),
    provider: Type.String(),
    source: NullableText,
    entity: NullableText,
    external_id: NullableText,
    aggregate_id: Type.Union([Type.String({ format: 'uuid' }), Type.Null()]),
    repeats: Type.Integer({ minimum: 0 }),
    /** How often it was taken up again. */
    attempts: Type.Integer({ minimum: 0 }),
    /** When it is taken up again by itself; null: not by itself. */
    next_attempt_at: NullableInstant,
    /** When, and by whom, a quarantined body was submitted again. */
    resubmitted_at: NullableInstant,
    resubmitted_by: NullableText,
    received_at: Instant,
    decided_at: Instant,
  },
  { additionalProperties: false, $id: 'DeadLetter' },
);
export type DeadLetter = Static<typeof DeadLetter>;

/** What would become of it, and of its record, were it decided now; `events` and `changes` of what waits for its time are those of then. */
export const Would = Type.Object(
  {
    outcome: Outcome,
    reason: NullableText,
    errors: Type.Array(Finding),
    warnings: Type.Array(Finding),
    /** The events that it would append. */
    events: Type.Array(Type.String()),
    /** What would be other than now: `fields.<path>` in the source's names, `lifecycle`, `complete`, `dirty_since`. Null: nothing there. */
    changes: Type.Array(Type.Object({ path: Type.String(), before: Type.Unknown(), after: Type.Unknown() }, { additionalProperties: false })),
  },
  { additionalProperties: false, $id: 'Would' },
);
export type Would = Static<typeof Would>;

export const Edited = Type.Object(
  {
    by: Type.String(),
    reason: Type.String(),
    at: Instant,
    /** The command as it was before. */
    payload: Type.Unknown(),
  },
  { additionalProperties: false },
);
export type Edited = Static<typeof Edited>;

export const DeadLetterDetail = Type.Object(
  {
    ...DeadLetter.properties,
    /** The whole command as it was read, every digit of it. */
    payload: Type.Unknown(),
    /** The bytes of a quarantined body as text, where they are UTF-8. */
    body_text: NullableText,
    /** Oldest first. */
    edits: Type.Array(Edited),
    /** Null for what is quarantined. */
    would: Type.Union([Would, Type.Null()]),
  },
  { additionalProperties: false, $id: 'DeadLetterDetail' },
);
export type DeadLetterDetail = Static<typeof DeadLetterDetail>;

export const DeadLetterQuery = Type.Object(
  {
    outcome: Type.Optional(DeadLetter.properties.outcome),
    ...letterFilterFields,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  },
  { additionalProperties: false },
);
export type DeadLetterQuery = Static<typeof DeadLetterQuery>;

export const DeadLetterPage = Type.Object(
  {
    items: Type.Array(DeadLetter),
    next_cursor: NullableText,
    /** The log's newest position when the page was read. */
    position: Type.String(),
  },
  { additionalProperties: false, $id: 'DeadLetterPage' },
);
export type DeadLetterPage = Static<typeof DeadLetterPage>;

const DIMENSIONS = ['reason', 'provider', 'source', 'entity', 'age'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export function isDimension(name: string): name is Dimension {
  return DIMENSIONS.some((known) => known === name);
}

export const DeadLetterGroupsQuery = Type.Object(
  {
    by: Type.Optional(Type.String({
      pattern: `^(${DIMENSIONS.join('|')})(,(${DIMENSIONS.join('|')}))*$`, default: 'reason', description: `One or more of ${DIMENSIONS.join(',')}`,
    })),
    outcome: Type.Optional(DeadLetter.properties.outcome),
    ...letterFilterFields,
  },
  { additionalProperties: false },
);
export type DeadLetterGroupsQuery = Static<typeof DeadLetterGroupsQuery>;

export const DeadLetterGroups = Type.Object(
  {
    /** The largest first, 1,000 at most. */
    items: Type.Array(Type.Object(
      {
        reason: Type.Optional(NullableText),
        provider: Type.Optional(NullableText),
        source: Type.Optional(NullableText),
        entity: Type.Optional(NullableText),
        /** By when they were received: `under_1h`, `under_1d`, `under_7d`, `over_7d`. */
        age: Type.Optional(Type.String()),
        count: Type.Integer({ minimum: 1 }),
        oldest: Instant,
        newest: Instant,
      },
      { additionalProperties: false },
    )),
  },
  { additionalProperties: false, $id: 'DeadLetterGroups' },
);
export type DeadLetterGroups = Static<typeof DeadLetterGroups>;
