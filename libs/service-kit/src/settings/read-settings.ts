import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { OptionalKind } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { expectation, settingOptions } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingMistake {
  /** Name of the environment variable. */
  readonly variable: string;
  readonly wrong: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** The environment is not what the service needs. Holds every mistake; secrets are never quoted. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly mistakes: readonly SettingMistake[];
  constructor(mistakes: readonly SettingMistake[]) {
    const lines = mistakes.map(({ variable, wrong, remedy }) => `  ${variable} ${wrong}. ${remedy}`);
    super(`${mistakes.length} ${mistakes.length === 1 ? 'setting is' : 'settings are'} wrong:\n${lines.join('\n')}`);
    this.mistakes = mistakes;
  }
}

/** Development and test alone have default keys and fault points. Unset means production, so that forgetting it is safe. */
export function isDevelopment(env: Environment): boolean {
  return env['NODE_ENV'] === 'development' || env['NODE_ENV'] === 'test';
}

/**
 * Reads settings from the environment: each property of the schema is the variable of that name; an empty variable counts as unset.
 * @throws SettingsError with every mistake at once.
 */
export function readSettings<T extends TObject>(schema: T, env: Environment): Static<T> {
  const settings: Record<string, unknown> = {};
  const mistakes: SettingMistake[] = [];
  for (const [variable, property] of Object.entries(schema.properties)) {
    const text = textOf(env[variable]) ?? defaultText(property, env);
    if (text === undefined) {
      if (property.default !== undefined) settings[variable] = property.default;
      else if (!(OptionalKind in property)) mistakes.push({ variable, wrong: 'is missing', remedy: remedy(variable, property) });
      continue;
    }
    const value = convert(property, text);
    const wrong = Value.Check(property, value)
      ? settingOptions(property).mistake?.(text) ?? null
      : `is ${quote(property, text)}, not ${expectation(property)}`;
    if (wrong === null) settings[variable] = value;
    else mistakes.push({ variable, wrong, remedy: remedy(variable, property) });
  }
  if (mistakes.length > 0) throw new SettingsError(mistakes);
  return Value.Decode(schema, settings);
}

function textOf(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === '' ? undefined : text;
}

function defaultText(property: TSchema, env: Environment): string | undefined {
  const { developmentDefault } = settingOptions(property);
  return isDevelopment(env) ? developmentDefault : undefined;
}

function convert(property: TSchema, text: string): unknown {
  const type: unknown = property['type'];
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text;
}

function quote(property: TSchema, text: string): string {
  return settingOptions(property).secret ? 'set (its value is not shown)' : JSON.stringify(text);
}

function remedy(variable: string, property: TSchema): string {
  const { description, example } = settingOptions(property);
  const meaning = description ? `${description}. ` : '';
  return `${meaning}Write ${variable}=${example ?? `<${expectation(property)}>`}`;
}
