import type { TObject } from '@sinclair/typebox';
import { OptionalKind } from '@sinclair/typebox';
import { expectation, settingOptions } from './setting.ts';

/** The text of `--help`: every variable with its form, default and meaning. */
export function settingsHelp(service: string, schema: TObject): string {
  const entries = Object.entries(schema.properties).map(([variable, property]) => {
    const { description, developmentDefault, example } = settingOptions(property);
    const fallback =
      property.default !== undefined ? `default ${String(property.default)}` : OptionalKind in property ? 'optional' : 'required';
    const development = developmentDefault === undefined ? '' : `; in development ${developmentDefault}`;
    const sample = example === undefined ? '' : `\n      for example ${variable}=${example}`;
    return `  ${variable}  (${fallback}${development})\n      ${description ?? 'No description'}: ${expectation(property)}${sample}`;
  });
  return `clientele ${service}: settings, all from the environment\n\n${entries.join('\n')}\n`;
}

/** Settings as they may be shown: secrets as `***`, passwords in URLs likewise. */
export function maskedSettings(schema: TObject, settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties)
      .filter(([name]) => settings[name] !== undefined)
      .map(([name, property]) => [name, settingOptions(property).secret ? masked(settings[name]) : settings[name]]),
  );
}

function masked(value: unknown): string {
  if (typeof value !== 'string' || !URL.canParse(value) || !value.includes('://')) return '***';
  const url = new URL(value);
  const user = url.username === '' ? '' : `${url.username}${url.password === '' ? '' : ':***'}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
