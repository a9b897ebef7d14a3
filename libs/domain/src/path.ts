/**
 * A path names a leaf of a record: the keys from the root, joined by `.`. A `.` or `\` inside a key is escaped by `\`, so that a path is
 * one string with one meaning, whatever keys a source thinks of.
 */
export function splitPath(path: string): string[] {
  if (!path.includes('\\')) return path.split('.');
  const keys: string[] = [];
  let start = 0;
  for (const dot of separators(path)) {
    keys.push(unescapeKey(path.slice(start, dot)));
    start = dot + 1;
  }
  keys.push(unescapeKey(path.slice(start)));
  return keys;
}

/** The paths above a path, the nearest to the root first: `A.B.C` -> `A`, `A.B`. */
export function ancestorsOf(path: string): string[] {
  return separators(path).map((dot) => path.slice(0, dot));
}

/** Whether such a path is above it; {@link ancestorsOf} without the list, for what looks at every field of a record. */
export function someAncestor(path: string, isSuch: (ancestor: string) => boolean): boolean {
  const escapes = path.includes('\\');
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    if ((!escapes || !isEscaped(path, dot)) && isSuch(path.slice(0, dot))) return true;
  }
  return false;
}

/** The path of a key below a path. */
export function childPath(parent: string | null, key: string): string {
  return parent === null ? escapeKey(key) : `${parent}.${escapeKey(key)}`;
}

function separators(path: string): number[] {
  const found: number[] = [];
  const escapes = path.includes('\\');
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) if (!escapes || !isEscaped(path, dot)) found.push(dot);
  return found;
}

/** An odd number of escapes stands before it: an even one escapes itself. */
function isEscaped(path: string, at: number): boolean {
  let start = at;
  while (path[start - 1] === '\\') start -= 1;
  return (at - start) % 2 === 1;
}

function escapeKey(key: string): string {
  return /[.\\]/.test(key) ? key.replaceAll(/[.\\]/g, '\\$&') : key;
}

function unescapeKey(key: string): string {
  return key.replaceAll(/\\([\s\S])/g, '$1');
}
