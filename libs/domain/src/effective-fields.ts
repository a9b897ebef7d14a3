import type { JsonObject } from './json.ts';
import { composeFields } from './field-paths.ts';
import { ancestorsOf } from './path.ts';
import type { FieldState, RecordState } from './record.ts';

/** The fields that count: all that stand but those above a component, which only guard it against older writes. */
export function effectiveFields(state: RecordState): ReadonlyMap<string, FieldState> {
  const guards = new Set<string>();
  for (const path of state.fields.keys()) {
    if (path.includes('.')) for (const ancestor of ancestorsOf(path)) if (state.fields.has(ancestor)) guards.add(ancestor);
  }
  if (guards.size === 0) return state.fields;
  return new Map(Array.from(state.fields).filter(([path]) => !guards.has(path)));
}

/** One of them, or undefined: what `effectiveFields(state).get(path)` gives, without looking at all of them. */
export function effectiveField(state: RecordState, path: string): FieldState | undefined {
  const field = state.fields.get(path);
  if (field === undefined) return undefined;
  const below = `${path}.`;
  for (const other of state.fields.keys()) if (other.startsWith(below)) return undefined;
  return field;
}

/** The record's fields in the source's own names, nested as the source nests them, sorted by path. */
export function sourceFields(state: RecordState): JsonObject {
  return composeFields(sorted(effectiveFields(state)));
}

function sorted(fields: ReadonlyMap<string, FieldState>): { path: string; value: FieldState['value'] }[] {
  return Array.from(fields, ([path, { value }]) => ({ path, value })).sort((one, other) => (one.path < other.path ? -1 : 1));
}
