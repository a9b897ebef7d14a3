import type { Json } from '@clientele/domain';
import { Type, type Static } from '@sinclair/typebox';
import { ExactInteger } from './exact-integer.ts';

const INT64_MAX = 9_223_372_036_854_775_807n;
/** 9999-12-31T23:59:59.999Z: beyond it RFC 3339 has no form. */
const LAST_MILLISECOND = 253_402_300_799_999n;

const Name = Type.String({ minLength: 1, maxLength: 255 });
const FieldNames = Type.Array(Name, { maxItems: 5_000 });
const OptionalText = Type.Optional(Type.Union([Type.String({ maxLength: 1_024 }), Type.Null()]));

/** What Salesforce says of a change, beside the record's fields. Order and presence of optional members are not defined; more may come. */
export const SalesforceChangeEventHeader = Type.Object(
  {
    /** API name of the object: `Account`, `Invoice__c`. */
    entityName: Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]*$', maxLength: 128 }),
    /** Ids of 15 or 18 characters; or what is none: the wildcard `001*`, the overflow id `000000000000000AAA`. */
    recordIds: Type.Array(Type.String({ minLength: 1, maxLength: 18 }), { minItems: 1, maxItems: 10_000 }),
    /** `CREATE`, `UPDATE`, `DELETE`, `UNDELETE`, `GAP_*`; open, since Salesforce adds to it. */
    changeType: Type.String({ minLength: 1, maxLength: 64 }),
    changeOrigin: OptionalText,
    /** One per transaction of an org. */
    transactionKey: Name,
    /** From 1 inside the transaction; holes are normal. */
    sequenceNumber: ExactInteger({ maximum: BigInt(Number.MAX_SAFE_INTEGER) }),
    commitTimestamp: ExactInteger({ maximum: LAST_MILLISECOND, description: 'Milliseconds since 1970' }),
    /** Exceeds 2^53 in current orgs. */
    commitNumber: Type.Optional(ExactInteger({ maximum: INT64_MAX })),
    commitUser: OptionalText,
    /** What an update changed: names, dotted in compound fields; hexadecimal bitmaps where the event came by the Pub/Sub API. */
    changedFields: Type.Optional(FieldNames),
    /** Only in the Pub/Sub flavour, as is the next. */
    nulledFields: Type.Optional(FieldNames),
    diffFields: Type.Optional(FieldNames),
  },
  { additionalProperties: true, $id: 'SalesforceChangeEventHeader', title: 'SalesforceChangeEventHeader' },
);
export type SalesforceChangeEventHeader = Static<typeof SalesforceChangeEventHeader>;

/** The header and, beside it, the record's fields under their own names. */
export const SalesforcePayload = Type.Object(
  { ChangeEventHeader: SalesforceChangeEventHeader },
  { additionalProperties: Type.Unsafe<Json>({}), $id: 'SalesforcePayload', title: 'SalesforcePayload' },
);
export type SalesforcePayload = Static<typeof SalesforcePayload>;

const Text = Type.Optional(Type.String());

/** What EventBridge says of an event. Only `source` is needed; the rest is taken where it is there. */
export const EventBridgeFields = {
  version: Text,
  /** Of the delivery, not of the change: the same change may come under several. */
  id: Text,
  'detail-type': Text,
  /** `aws.partner/salesforce.com/<org id>/<channel id>` from an event relay; `aws.partner/appflow/…` from AppFlow. */
  source: Type.String({ pattern: '^[ -~]+$', maxLength: 256 }),
  account: Text,
  time: Text,
  region: Text,
  resources: Type.Optional(Type.Array(Type.Unknown())),
};

/**
 * A Salesforce change as EventBridge delivers it. `detail` holds the payload in `payload` (event relay, with or without siblings such as
 * `schemaId`, `schema`, `event`), or is the payload itself (AppFlow).
 */
export const SalesforceEventDTO = Type.Object(
  {
    ...EventBridgeFields,
    detail: Type.Union([Type.Object({ payload: SalesforcePayload }, { additionalProperties: true }), SalesforcePayload]),
  },
  { additionalProperties: true, $id: 'SalesforceEventDTO', title: 'SalesforceEventDTO' },
);
export type SalesforceEventDTO = Static<typeof SalesforceEventDTO>;
