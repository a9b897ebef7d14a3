import { Type, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { keyListMistake } from '../api-keys.ts';

/** What a setting's schema may say beside its type. */
const SettingOptions = Type.Object({
  description: Type.Optional(Type.String()),
  /** Shown in messages and help. */
  example: Type.Optional(Type.String()),
  /** Never shown anywhere. */
  secret: Type.Optional(Type.Boolean()),
  /** Taken when unset, in development and test alone. */
  developmentDefault: Type.Optional(Type.String()),
  /** The form in words, where a pattern says it. */
  expects: Type.Optional(Type.String()),
  /** What is wrong with a text that has the form, in words that quote no secret; null: nothing. */
  mistake: Type.Optional(Type.Function([Type.String()], Type.Union([Type.String(), Type.Null()]))),
});

export interface SettingOptions {
  readonly description?: string;
  readonly example?: string;
  readonly secret?: boolean;
  readonly developmentDefault?: string;
  readonly expects?: string;
  readonly mistake?: (text: string) => string | null;
}

export function settingOptions(schema: TSchema): SettingOptions {
  return Value.Check(SettingOptions, schema) ? schema : {};
}

/** The form of a setting in words: `an integer from 1 to 65535`. */
export function expectation(schema: TSchema): string {
  const { expects } = settingOptions(schema);
  if (expects !== undefined) return expects;
  const { type, minimum, maximum, anyOf } = schema;
  if (Array.isArray(anyOf)) return `one of ${anyOf.map((one: TSchema) => String(one.const)).join(', ')}`;
  if (type === 'integer' || type === 'number') {
    const noun = type === 'integer' ? 'an integer' : 'a number';
    if (minimum !== undefined && maximum !== undefined) return `${noun} from ${String(minimum)} to ${String(maximum)}`;
    return minimum === undefined ? noun : `${noun}, ${String(minimum)} or more`;
  }
  if (type === 'boolean') return 'true or false';
  return 'a text';
}

export function portSetting(defaultPort: number, description: string) {
  return Type.Integer({ minimum: 0, maximum: 65535, default: defaultPort, description, example: String(defaultPort) });
}

/** A connection URL. It may hold a password, so it is shown masked. */
export function urlSetting(protocols: readonly string[], options: SettingOptions) {
  return Type.String({
    pattern: `^(${protocols.join('|')})://.+`,
    expects: `a URL that begins with ${protocols.map((p) => `${p}://`).join(' or ')}`,
    secret: true,
    ...options,
  });
}

export function postgresUrlSetting(description: string) {
  return urlSetting(['postgres', 'postgresql'], { description, example: 'postgres://user:password@host:5432/database' });
}

/** Where others reach the query service, for links: a header must be able to hold it. Read it by {@link linkBase}. */
export function queryUrlSetting(description: string) {
  return Type.String({
    // Visible ASCII but for ? and #.
    pattern: '^https?://[!-"$->@-~]+$',
    expects: 'a URL in ASCII that begins with http:// or https://, without query or fragment',
    default: 'http://127.0.0.1:7004',
    description,
    example: 'https://clientele.example.com',
  });
}

/** What links begin with: the URL without slashes at its end. */
export function linkBase(url: string): string {
  return url.replace(/\/+$/, '');
}

const KEY = '[^:,\\s]+:[^,\\s]+';

/**
 * Keys as `name:secret`, comma-separated; where they are `bindable`, `name:secret@source` binds one to a source. Required outside development.
 */
export function keyListSetting(developmentSecret: string, description: string, { bindable = false }: { readonly bindable?: boolean } = {}) {
  return Type.String({
    pattern: `^${KEY}(\\s*,\\s*${KEY})*$`,
    expects: `a comma-separated list of name:secret${bindable ? ', or name:secret@source' : ''}, no secret twice`,
    example: 'reporting:<secret>,crm:<secret>',
    secret: true,
    developmentDefault: `dev:${developmentSecret}`,
    mistake: (list: string) => keyListMistake(list, bindable),
    description,
  });
}
