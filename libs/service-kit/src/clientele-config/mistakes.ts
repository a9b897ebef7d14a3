import { ClienteleConfig } from '@clientele/contracts';
import type { TSchema } from '@sinclair/typebox';
import { Value, type ValueError } from '@sinclair/typebox/value';
import { isMap, isNode, isPair, isScalar, type Document, type LineCounter } from 'yaml';

/** A mistake at a place of the document, by keys and indexes. */
export interface Mistake {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface PlacedMistake {
  /** From 1; 0 where the file as a whole is meant. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The configuration file is wrong; holds every mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string;
  readonly mistakes: readonly PlacedMistake[];
  constructor(file: string, mistakes: readonly PlacedMistake[]) {
    const lines = mistakes.map(({ line, column, message }) =>
      line === 0 ? `  ${message}` : `  line ${line}, column ${column}: ${message}`,
    );
    super(`${file} is not a valid configuration:\n${lines.join('\n')}`);
    this.file = file;
    this.mistakes = mistakes;
  }
}

/** Every way in which the value breaks the schema, in words, one a place. */
export function schemaMistakes(value: unknown): Mistake[] {
  const mistakes = new Map<string, Mistake>();
  for (const error of allErrors(Value.Errors(ClienteleConfig, value))) {
    if (!mistakes.has(error.path)) mistakes.set(error.path, { path: pointerParts(error.path), message: messageOf(error) });
  }
  return [...mistakes.values()];
}

/** Of objects of which several forms are allowed, what is wrong with the form that it says it has; else that it has none. */
function* allErrors(errors: Iterable<ValueError>): Generator<ValueError> {
  for (const error of errors) {
    const nested = error.errors.map((form) => [...form]);
    const meant = nested.filter((form) => form.every(({ path }) => path !== `${error.path}/type`));
    const [form] = meant;
    if (form !== undefined && meant.length < nested.length && meant.length === 1) yield* allErrors(form);
    else yield error;
  }
}

/** What people write where a reference belongs may be the secret itself. */
function isSecret({ path }: ValueError): boolean {
  return path.split('/').includes('credentials');
}

/** Finds each mistake's line and column; where something is missing, those of what it is missing from. */
export function withPlaces(mistakes: readonly Mistake[], document: Document, lines: LineCounter): PlacedMistake[] {
  return mistakes
    .map(({ path, message }) => {
      const { line, col } = lines.linePos(offsetOf(document, path));
      return { line, column: col, message: path.length === 0 ? message : `${path.join('.')}: ${message}` };
    })
    .sort((a, b) => a.line - b.line || a.column - b.column);
}

function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key))
      : undefined;
    const node = pair?.key ?? document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return isNode(document.contents) && document.contents.range ? document.contents.range[0] : 0;
}

function messageOf(error: ValueError): string {
  if (error.value === undefined) return 'is missing';
  if (error.message.startsWith('Unexpected property')) return 'is not known here';
  if (isSecret(error)) return error.schema['pattern'] === undefined ? `is not as it must be: ${error.message.toLowerCase()}` : 'must refer to an environment variable, as ${NAME}';
  const alternatives: unknown = error.schema['anyOf'];
  const wanted = Array.isArray(alternatives)
    ? `one of ${alternatives.map((one: TSchema) => String(one['const'])).join(', ')}`
    : error.message.replace(/^Expected /, '');
  return `is ${JSON.stringify(error.value)}, expected ${wanted}`;
}

function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
