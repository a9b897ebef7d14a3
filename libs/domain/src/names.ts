import type { AggregateDefinition } from './definition.ts';
import { ancestorsOf } from './path.ts';

/** Our name for a source's path: as it is mapped, else below the nearest mapped parent, else the source's own. */
export function nameOf(path: string, definition: AggregateDefinition): string {
  const { names } = definition;
  if (Object.hasOwn(names, path)) return names[path] ?? path;
  for (const ancestor of path.includes('.') ? ancestorsOf(path).reverse() : []) {
    if (Object.hasOwn(names, ancestor)) return `${names[ancestor] ?? ancestor}${path.slice(ancestor.length)}`;
  }
  return path;
}
