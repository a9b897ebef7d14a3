import type { EventWriteDTO, Finding } from '@clientele/contracts';
import { ancestorsOf, childPath, fieldWrites, isJsonObject, type ChangeKind, type FieldWrite, type Json, type TextDiff } from '@clientele/domain';
import { looksLikeTextDiff } from './text-diff.ts';

export interface WrittenFields {
  readonly fields: readonly FieldWrite[];
  readonly diffs: readonly TextDiff[];
  readonly hints: readonly FieldWrite[];
  readonly warnings: readonly Finding[];
}

/** What an update says of itself, in names: see `ChangeMetadata`. */
export interface UpdateNames {
  readonly changed: readonly string[];
  /** Null in feeds where a null means what it says. */
  readonly nulled: readonly string[] | null;
  /** Null in feeds that do not name them. */
  readonly diffs: readonly string[] | null;
}

/**
 * What a change sets, and what merely came with it.
 * - Creation and undeletion carry the whole record: nulls mean absent.
 * - A deletion sets nothing, nor does a gap, which is the news that something was set; what stands beside them is enrichment.
 * - An update sets the paths that `changedFields` names, component by component in compound fields; where it names none (older feeds),
 *   every field that is present and not configured as enriched.
 */
export function writtenFields(kind: ChangeKind, data: EventWriteDTO['data'], names: UpdateNames, enriched: readonly string[]): WrittenFields {
  switch (kind) {
    case 'create':
    case 'undelete':
      return { fields: fieldWrites(data).filter(hasValue), diffs: [], hints: [], warnings: [] };
    case 'delete':
    case 'gap_create':
    case 'gap_update':
    case 'gap_undelete':
      return { fields: [], diffs: [], hints: fieldWrites(data).filter(hasValue), warnings: [] };
    case 'update':
      return updatedFields(data, names, enriched);
  }
}

function updatedFields(data: EventWriteDTO['data'], names: UpdateNames, enriched: readonly string[]): WrittenFields {
  const { leaves, diffs } = withoutDiffs(data, names.diffs);
  const diffPaths = new Set(diffs.map(({ path }) => path));
  const nulled = names.nulled === null ? null : new Set(names.nulled);
  // The Pub/Sub flavour sends null for whatever did not change.
  const counts = ({ path, value }: FieldWrite): boolean => value !== null || nulled === null || isAtOrBelow(path, nulled);
  const warnings: Finding[] = [];
  const named = names.changed.filter((name) => !diffPaths.has(name));
  const selected = names.changed.length > 0 ? namedLeaves(leaves, named, warnings) : leavesOutside(leaves, new Set(enriched));
  const fields = new Map(selected.filter(counts).map((leaf) => [leaf.path, leaf]));
  return { fields: [...fields.values()], diffs, hints: leaves.filter((leaf) => hasValue(leaf) && !fields.has(leaf.path)), warnings };
}

/**
 * A diff is `{"diff": "--- …"}` in the relay's flavour, a plain string that `diffFields` names in the Pub/Sub flavour; and a plain string
 * without that name, should a relay pass it on so, is one where it begins as one.
 */
function withoutDiffs(data: EventWriteDTO['data'], named: readonly string[] | null): { leaves: FieldWrite[]; diffs: TextDiff[] } {
  const diffs: TextDiff[] = [];
  const whole = Object.entries(data).filter(([field, value]) => {
    const patch = textDiff(value);
    if (patch !== null) diffs.push({ path: childPath(null, field), patch });
    return patch === null;
  });
  const leaves = fieldWrites(Object.fromEntries(whole)).filter(({ path, value }) => {
    if (typeof value !== 'string' || !(named === null ? looksLikeTextDiff(value) : named.includes(path))) return true;
    diffs.push({ path, patch: value });
    return false;
  });
  return { leaves, diffs };
}

function textDiff(value: Json): string | null {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return null;
  const patch = value['diff'];
  return typeof patch === 'string' ? patch : null;
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
