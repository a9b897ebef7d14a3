import type { FieldWrite } from './change.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
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
  const root: Branch = new Map();
  for (const { path, value } of writes) {
    const keys = splitPath(path);
    const last = keys.pop() ?? '';
    let branch = root;
    for (const key of keys) branch = branchAt(branch, key);
    branch.set(last, { value });
  }
  return objectOf(root);
}

type Branch = Map<string, Branch | { readonly value: Json }>;

function collect(parent: string | null, fields: JsonObject, into: FieldWrite[]): void {
  for (const [key, value] of Object.entries(fields)) {
    const path = childPath(parent, key);
    if (isJsonObject(value)) collect(path, value, into);
    else into.push({ path, value });
  }
}

function branchAt(parent: Branch, key: string): Branch {
  const known = parent.get(key);
  if (known instanceof Map) return known;
  const branch: Branch = new Map();
  parent.set(key, branch);
  return branch;
}

function objectOf(branch: Branch): JsonObject {
  return Object.fromEntries(Array.from(branch, ([key, node]) => [key, node instanceof Map ? objectOf(node) : node.value]));
}
