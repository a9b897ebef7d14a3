import type { EventWriteDTO, Finding } from '@clientele/contracts';
import { ancestorsOf, fieldWrites, isJsonObject, type ChangeKind, type FieldWrite, type Json } from '@clientele/domain';

export interface WrittenFields {
  readonly fields: readonly FieldWrite[];
  readonly hints: readonly FieldWrite[];
  readonly warnings: readonly Finding[];
}

/**
 * What a change sets, and what merely came with it.
 * - Creation and undeletion carry the whole record: nulls mean absent.
 * - A deletion sets nothing; what stands beside it is enrichment.
 * - An update sets the paths that `changedFields` names, component by component in compound fields; where it names none (older feeds),
 *   every field that is present and not configured as enriched.
 */
export function writtenFields(kind: ChangeKind, write: EventWriteDTO, enriched: readonly string[]): WrittenFields {
  const leaves = fieldWrites(write.data);
  switch (kind) {
    case 'create':
    case 'undelete':
      return { fields: leaves.filter(hasValue), hints: [], warnings: [] };
    case 'delete':
      return { fields: [], hints: leaves.filter(hasValue), warnings: [] };
    case 'update':
      return updatedFields(leaves, write.metadata, enriched);
  }
}

/** Why an update's body cannot be read as it stands, or null where it can. */
export function undecodable({ data, metadata }: EventWriteDTO): string | null {
  const { changed_fields = [], nulled_fields = [], diff_fields = [] } = metadata;
  if ([...changed_fields, ...nulled_fields].some(isBitmap)) return 'its changed fields are bitmaps of the Pub/Sub API, which need the event\'s schema to be read';
  const diff = diff_fields[0] ?? Object.keys(data).find((field) => isTextDiff(data[field]));
  return diff === undefined ? null : `its field ${diff} is a text difference`;
}

function updatedFields(leaves: readonly FieldWrite[], metadata: EventWriteDTO['metadata'], enriched: readonly string[]): WrittenFields {
  const { changed_fields: named = [], nulled_fields: nulled } = metadata;
  const nulledPaths = nulled === undefined ? null : new Set(nulled);
  // The Pub/Sub flavour sends null for whatever did not change.
  const counts = ({ path, value }: FieldWrite): boolean => value !== null || nulledPaths === null || isAtOrBelow(path, nulledPaths);
  const warnings: Finding[] = [];
  const selected = named.length > 0 ? namedLeaves(leaves, named, warnings) : leavesOutside(leaves, new Set(enriched));
  const fields = new Map(selected.filter(counts).map((leaf) => [leaf.path, leaf]));
  return { fields: [...fields.values()], hints: leaves.filter((leaf) => hasValue(leaf) && !fields.has(leaf.path)), warnings };
}

function namedLeaves(leaves: readonly FieldWrite[], named: readonly string[], warnings: Finding[]): FieldWrite[] {
  const at = new Map<string, FieldWrite[]>();
  for (const leaf of leaves) {
    for (const path of [...ancestorsOf(leaf.path), leaf.path]) {
      const known = at.get(path);
      if (known) known.push(leaf);
      else at.set(path, [leaf]);
    }
  }
  return named.flatMap((path) => {
    const found = at.get(path);
    if (found) return found;
    const isCleared = ancestorsOf(path).some((ancestor) => at.get(ancestor)?.some((leaf) => leaf.path === ancestor && leaf.value === null));
    if (isCleared) return [{ path, value: null }];
    warnings.push({ path: `data.${path}`, code: 'named_but_absent', message: 'is named as changed, but the change holds no value for it: it keeps what it had' });
    return [];
  });
}

function leavesOutside(leaves: readonly FieldWrite[], paths: ReadonlySet<string>): FieldWrite[] {
  return leaves.filter(({ path }) => !isAtOrBelow(path, paths));
}

function isAtOrBelow(path: string, paths: ReadonlySet<string>): boolean {
  return paths.has(path) || ancestorsOf(path).some((ancestor) => paths.has(ancestor));
}

function hasValue({ value }: FieldWrite): boolean {
  return value !== null;
}

/** `0x410000` of the top level, `4-0x01` below its field 4. */
function isBitmap(name: string): boolean {
  return /^(\d+-)?0x[0-9a-f]*$/i.test(name);
}

/** A large text that changed a little comes as `{"diff": "--- …"}`. */
function isTextDiff(value: Json | undefined): boolean {
  return isJsonObject(value) && typeof value['diff'] === 'string' && Object.keys(value).length === 1;
}
