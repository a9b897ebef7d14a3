import type { EventWriteDTO } from '@clientele/contracts';
import { isJsonObject, type Json } from '@clientele/domain';
import { looksLikeTextDiff } from './text-diff.ts';

/**
 * The Pub/Sub API names fields by bitmaps over the event's Avro schema: `0x410000` for the top level, `4-0x01` for what lies below its
 * field 4. We have no schema; but how many fields are meant can be told without one, and everything that did not change is null.
 */
const BITMAP = /^(?:(\d+)-)?0x([0-9a-f]*)$/i;

export function isBitmap(name: string): boolean {
  return BITMAP.test(name);
}

export function hasBitmaps({ changed_fields: changed = [], nulled_fields: nulled = [], diff_fields: diffs = [] }: EventWriteDTO['metadata']): boolean {
  return [changed, nulled, diffs].some((names) => names.some(isBitmap));
}

/** What an update with bitmaps says, in names. */
export interface DecodedNames {
  /** Top-level fields; all that is not null in them is written. */
  readonly changed: readonly string[];
  readonly diffs: readonly string[];
}

/**
 * Reads bitmaps by counting: where nothing was cleared and exactly as many fields have a value as are said to have changed, those are the
 * ones. Enrichment that is not configured as such, or a cleared field, makes the count ambiguous.
 * @param enriched top-level fields that the channel is configured to add.
 * @returns null where it would take the event's schema to tell.
 */
export function decodeByCount({ data, metadata }: EventWriteDTO, enriched: readonly string[]): DecodedNames | null {
  const { changed_fields: changedNames = [], nulled_fields: nulledNames = [], diff_fields: diffNames = [] } = metadata;
  if (fieldsIn(nulledNames) > 0) return null;
  const changed = Object.keys(data).filter((field) => hasValue(data[field]) && !enriched.includes(field));
  if (changed.length !== fieldsIn(changedNames)) return null;
  const diffs = changed.filter((field) => isDiff(data[field]));
  return diffs.length === fieldsIn(diffNames) ? { changed, diffs } : null;
}

/** Top-level fields that bitmaps name: bits of the top level, and parents of the levels below. */
function fieldsIn(names: readonly string[]): number {
  const fields = new Set<string>();
  for (const name of names) {
    const [, parent, digits = ''] = BITMAP.exec(name) ?? [];
    if (parent !== undefined) fields.add(parent);
    else bitsOf(digits).forEach((bit) => fields.add(String(bit)));
  }
  return fields.size;
}

function bitsOf(hex: string): number[] {
  return [...hex].reverse().flatMap((digit, at) => [0, 1, 2, 3].filter((bit) => (Number.parseInt(digit, 16) >> bit) & 1).map((bit) => at * 4 + bit));
}

function hasValue(value: Json | undefined): boolean {
  if (isJsonObject(value)) return Object.values(value).some(hasValue);
  return value !== null && value !== undefined;
}

function isDiff(value: Json | undefined): boolean {
  return typeof value === 'string' && looksLikeTextDiff(value);
}
