import type { FieldWrite } from './change.ts';
import { isJsonObject, setMember, type Json, type JsonMembers, type JsonObject } from './json.ts';
import { childPath, splitPath } from './path.ts';

/**
 * Takes an object apart into its leaves, in its own order: `{ A: { B: 1 }, C: [2] }` -> `A.B` = 1, `C` = [2]. Arrays are leaves; an empty
 * object has none.
 */
export function fieldWrites(fields: JsonObject): FieldWrite[] {
  const writes: FieldWrite[] = [];
  collect(null, fields, writes);
  return writes;
}

/**
 * Puts leaves together again. Where two of them cannot both stand (`A` and `A.B`), the later one in the list does. Safe for keys such as
 * `__proto__`: every key becomes a property of its own.
 */
export function composeFields(writes: Iterable<FieldWrite>): JsonObject {
  const root: JsonMembers = {};
  const branches = new Set<Json>([root]);
  for (const { path, value } of writes) {
    const keys = splitPath(path);
    const last = keys.pop() ?? '';
    let branch = root;
    for (const key of keys) branch = branchAt(branch, key, branches);
    setMember(branch, last, value);
  }
  return root;
}

function collect(parent: string | null, fields: JsonObject, into: FieldWrite[]): void {
  for (const [key, value] of Object.entries(fields)) {
    const path = childPath(parent, key);
    if (isJsonObject(value)) collect(path, value, into);
    else into.push({ path, value });
  }
}

/** @param branches the objects that stand for a part of a path: a value may be an object too, and gives way. */
function branchAt(parent: JsonMembers, key: string, branches: Set<Json>): JsonMembers {
  const known = Object.hasOwn(parent, key) ? parent[key] : undefined;
  if (isBranch(known, branches)) return known;
  const branch: JsonMembers = {};
  branches.add(branch);
  setMember(parent, key, branch);
  return branch;
}

function isBranch(value: Json | undefined, branches: ReadonlySet<Json>): value is JsonMembers {
  return value !== undefined && branches.has(value);
}
