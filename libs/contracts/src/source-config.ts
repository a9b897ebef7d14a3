import { Type, type Static } from '@sinclair/typebox';

/** A value that is not written down here but stands in the environment: `${SALESFORCE_CLIENT_SECRET}`. */
const Reference = Type.String({ pattern: '^\\$\\{[A-Z][A-Z0-9_]*\\}$', description: 'A reference to an environment variable, as ${NAME}' });
const Url = Type.String({ pattern: '^https?://[^/?#@\\s]+/?$', maxLength: 255, description: 'Scheme and host, without a path' });

/** How we prove who we are to the provider. */
export const SourceCredentials = Type.Union([
  Type.Object(
    { type: Type.Literal('client_credentials'), client_id: Reference, client_secret: Reference },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      type: Type.Literal('jwt_bearer'),
      client_id: Reference,
      /** PEM; `\n` may stand for its line breaks. */
      private_key: Reference,
      /** The provider's user that we act as. */
      username: Reference,
      /** Whom the assertion is for: `https://login.salesforce.com`, `https://test.salesforce.com`; by default the login URL. */
      audience: Type.Optional(Url),
    },
    { additionalProperties: false },
  ),
]);
export type SourceCredentials = Static<typeof SourceCredentials>;

/** What a source's configuration says of reading from its provider, beside its id: all optional; without credentials nothing is read. */
export const SourceAccessFields = {
  /** Where its REST API is: `https://<MyDomain>.my.salesforce.com`. Needed with credentials. */
  base_url: Type.Optional(Url),
  /** Where tokens come from: by default `base_url` for client credentials, `https://login.salesforce.com` for JWT bearer. */
  login_url: Type.Optional(Url),
  api_version: Type.Optional(Type.String({ pattern: '^v\\d{2,3}\\.\\d$', default: 'v60.0' })),
  credentials: Type.Optional(SourceCredentials),
  /** How changes that our own integration made are known, and whether they are broadcast (by default they are). */
  own_changes: Type.Optional(
    Type.Object(
      {
        client: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
        user: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
        broadcast: Type.Optional(Type.Boolean({ default: true })),
      },
      { additionalProperties: false },
    ),
  ),
  /** The part of the account's daily API calls that we may spend. */
  quota: Type.Optional(Type.Object({ share: Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.5 }) }, { additionalProperties: false })),
  /** M: the longest that the provider takes from stamping a change to committing it, in milliseconds. */
  clock_skew_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000, default: 2000 })),
};
export const SourceAccessConfig = Type.Object(SourceAccessFields);
export type SourceAccessConfig = Static<typeof SourceAccessConfig>;
