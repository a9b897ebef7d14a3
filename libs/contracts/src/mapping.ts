import { Type, type Static } from '@sinclair/typebox';
import { SourceAccessFields } from './source-config.ts';

const Path = Type.String({ minLength: 1, maxLength: 255 });

export const FieldMapping = Type.Object(
  {
    /** Our name for the field in what we show; by default the source's own. */
    as: Type.Optional(Path),
    type: Type.Optional(Type.Union([
      Type.Literal('string'), Type.Literal('number'), Type.Literal('boolean'), Type.Literal('date'), Type.Literal('datetime'), Type.Literal('reference'),
    ])),
    /** The entity that a reference points at. */
    references: Type.Optional(Path),
    /** Of an amount: the field that holds its currency. */
    currency: Type.Optional(Path),
    /** Personal data: stored apart, so that erasure can take it out in place. */
    personal: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const EntityMapping = Type.Object(
  {
    /** What a record of this entity is here; `client`, `contact`, `opportunity`, `lead`, or a name of one's own. */
    aggregate: Type.String({ pattern: '^[a-z][a-z0-9_]{0,62}$' }),
    /** What the source's ids of its records begin with: Salesforce's key prefix. */
    id_prefix: Type.Optional(Type.String({ minLength: 1, maxLength: 16 })),
    status: Type.Optional(
      Type.Object(
        { fields: Type.Array(Path, { minItems: 1 }), values: Type.Optional(Type.Array(Type.String())) },
        { additionalProperties: false },
      ),
    ),
    fields: Type.Optional(Type.Record(Path, FieldMapping)),
    /** Fields that the source's channel adds to every change ("enrichment"): never state unless a change names them as changed. */
    enriched: Type.Optional(Type.Array(Path)),
    /** A record of the entity may be converted into others: it is when `flag` holds true, and `into` are its references to them. */
    conversion: Type.Optional(Type.Object({ flag: Path, into: Type.Array(Path, { minItems: 1 }) }, { additionalProperties: false })),
    /** Records of the entity can be merged: a deleted one may live on in another, which only a look tells. */
    merges: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type EntityMapping = Static<typeof EntityMapping>;

export const SourceConfig = Type.Object(
  {
    /** Source id: `salesforce:<org id 18>`. */
    id: Type.String({ minLength: 3, maxLength: 255 }),
    provider: Type.String(),
    /** Which envelopes belong to it: EventBridge `source` strings, `*` as wildcard. By default those that carry the id's own org. */
    match: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })),
    ...SourceAccessFields,
  },
  { additionalProperties: false },
);
export type SourceConfig = Static<typeof SourceConfig>;

/** The file that CLIENTELE_CONFIG names. */
export const ClienteleConfig = Type.Object(
  {
    version: Type.Literal(1),
    sources: Type.Optional(Type.Array(SourceConfig)),
    /** Provider -> its entity -> how it is understood. An entity that is not named here ends as `ignored`. */
    mapping: Type.Record(Type.String(), Type.Record(Path, EntityMapping)),
    broadcast: Type.Optional(
      Type.Object(
        {
          /** Statuses (any case) whose records are not broadcast. */
          silent_statuses: Type.Optional(Type.Array(Type.String())),
          announce_withdrawal: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false, $id: 'ClienteleConfig' },
);
export type ClienteleConfig = Static<typeof ClienteleConfig>;
