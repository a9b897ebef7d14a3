import { ClienteleConfig } from '@clientele/contracts';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Value } from '@sinclair/typebox/value';
import { LineCounter, parseDocument } from 'yaml';
import { inconsistencies, untoldFields, unsetReferences, type ChangePath } from './consistency.ts';
import { ConfigError, schemaMistakes, withPlaces, type PlacedMistake } from './mistakes.ts';

/** The mapping of the standard objects of the three CRMs; holds no sources and no credentials. */
export const DEFAULT_CONFIG_FILE = fileURLToPath(new URL('../../../config/clientele.yaml', import.meta.url));

/** Where the values stand that a configuration refers to. */
export type ConfigEnvironment = Readonly<Record<string, string | undefined>>;

/** What only some can check. */
export interface ConfigChecks {
  /** Where what the file refers to is needed, and so has to be set. */
  readonly env?: ConfigEnvironment;
  /** Where the providers are known. */
  readonly changePath?: ChangePath;
}

/**
 * Reads the file that CLIENTELE_CONFIG names, or the default one.
 * @throws ConfigError with every mistake, each with its line and column.
 */
export function loadClienteleConfig(path: string = DEFAULT_CONFIG_FILE, checks: ConfigChecks = {}): ClienteleConfig {
  return parseClienteleConfig(readConfigFile(path), path, checks);
}

/** @throws ConfigError with every mistake, each with its line and column. */
export function parseClienteleConfig(text: string, file: string, { env, changePath }: ConfigChecks = {}): ClienteleConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const syntax: PlacedMistake[] = document.errors.map((error) => ({ ...position(lines, error.pos[0]), message: error.message }));
  if (syntax.length > 0) throw new ConfigError(file, syntax);
  const value: unknown = document.toJS();
  if (!Value.Check(ClienteleConfig, value)) throw new ConfigError(file, withPlaces(schemaMistakes(value), document, lines));
  const mistakes = [
    ...inconsistencies(value),
    ...(env === undefined ? [] : unsetReferences(value, env)),
    ...(changePath === undefined ? [] : untoldFields(value, changePath)),
  ];
  if (mistakes.length > 0) throw new ConfigError(file, withPlaces(mistakes, document, lines));
  return value;
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(path, [
      { line: 0, column: 0, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` },
    ]);
  }
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
