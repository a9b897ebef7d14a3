import { EVENT_TYPES, type JsonObject } from '@clientele/domain';
import { Type, type Static } from '@sinclair/typebox';
import { ChangeClock, type ChangeMetadata, type EventWriteDTO } from './event-write.ts';
import { Finding, Outcome } from './outcome.ts';

const Text = Type.String();
const TextOrNull = Type.Union([Text, Type.Null()]);
const EventName = Type.Union(EVENT_TYPES.map((type) => Type.Literal(type)));

/** Where a published event came from, and what was decided about telling it. */
export const PublishedMetadata = Type.Object({
  correlation_id: Text,
  causation_id: Text,
  command_id: Text,
  change_id: Text,
  provider: Text,
  source: Text,
  entity: Text,
  external_id: Text,
  clock: Type.Object({ ...ChangeClock.properties, commit_time: Text, change_id: Text }),
  /** The change as the source described it. */
  change: Type.Unsafe<ChangeMetadata>(Type.Object({})),
  change_event_type: Type.Union([EventName, Type.Null()]),
  /** Present where our own integration made the change. */
  origin: Type.Optional(Type.Literal('own')),
  broadcast: Type.Boolean(),
  broadcast_reason: Text,
  warnings: Type.Array(Finding),
  received_at: Text,
});

/** `data` of a domain event. */
export const PublishedEvent = Type.Object({
  aggregate_id: Text,
  aggregate_type: Text,
  /** Of the aggregate after this event, from 1. */
  version: Type.Integer({ minimum: 1 }),
  event_type: EventName,
  schema_version: Type.Integer({ minimum: 1 }),
  /** What differs from before, as paths into `state`; null where the event carries no such list. */
  changed: Type.Union([Type.Array(Text), Type.Null()]),
  /** The whole public state after the event; null where it is not for others, or there is none any more. */
  state: Type.Unsafe<JsonObject | null>(Type.Union([Type.Record(Text, Type.Unknown()), Type.Null()])),
  /** The rest of the event's own data, in the source's own names. */
  details: Type.Unsafe<JsonObject>(Type.Record(Text, Type.Unknown())),
  metadata: PublishedMetadata,
});
export type PublishedEvent = Static<typeof PublishedEvent>;

/** `data` of an entry that produced no domain event: what became of a change. */
export const PublishedOutcome = Type.Object({
  aggregate_id: TextOrNull,
  change_id: Text,
  outcome: Outcome,
  reason: TextOrNull,
  errors: Type.Array(Finding),
  warnings: Type.Array(Finding),
  /** The change as taken in; null for a body that was not understood. */
  event: Type.Unsafe<EventWriteDTO | null>(Type.Union([Type.Object({}), Type.Null()])),
  provider: Text,
  source: TextOrNull,
  received_at: Text,
});
export type PublishedOutcome = Static<typeof PublishedOutcome>;

/**
 * An entry of the log as others see it: CloudEvents 1.0, JSON format. Extension attributes: `logposition` and `logincarnation` say where
 * in which log it stands, `recordedtime` when it was committed. An entry that is too large for the broker has `dataref` in place of
 * `data`: a link under which it is had.
 */
export const CloudEvent = Type.Object(
  {
    specversion: Type.Literal('1.0'),
    id: Text,
    source: Type.Literal('/clientele'),
    /** `clientele.<aggregate>.<event>`, the event's name in lower case; the aggregate is `ledger` where no domain event was produced. */
    type: Type.String({ pattern: '^clientele\\.[a-z0-9_]+\\.[a-z]+$' }),
    /** The aggregate id; in the ledger the change id. */
    subject: Text,
    time: Text,
    datacontenttype: Type.Literal('application/json'),
    logposition: Type.String({ pattern: '^[1-9][0-9]{0,15}$' }),
    logincarnation: Text,
    recordedtime: Text,
    correlationid: Text,
    causationid: Text,
    data: Type.Optional(Type.Union([PublishedEvent, PublishedOutcome])),
    dataref: Type.Optional(Text),
  },
  { $id: 'CloudEvent' },
);
export type CloudEvent = Static<typeof CloudEvent>;
