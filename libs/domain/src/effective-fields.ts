import type { Clock } from './clock.ts';
import type { JsonObject } from './json.ts';
import { composeFields } from './field-paths.ts';
import { ancestorsOf, someAncestor } from './path.ts';
import { hasSeen } from './read.ts';
import type { FieldState, RecordState } from './record.ts';

/**
 * The fields that count: what stands at each path, a change's value or a look's, but for what stands above a component, which only guards
 * it against older writes.
 */
export function effectiveFields(state: RecordState): ReadonlyMap<string, FieldState> {
  if (state.reads.size === 0) return withoutGuards(state.fields);
  const known = effective.get(state);
  if (known !== undefined) return known;
  const fields = withoutGuards(standingFields(state));
  effective.set(state, fields);
  return fields;
}

/** Of records that were read: a decision asks several times for those of the same state, and putting them together takes its time. */
const effective = new WeakMap<RecordState, ReadonlyMap<string, FieldState>>();

function withoutGuards(standing: ReadonlyMap<string, FieldState>): ReadonlyMap<string, FieldState> {
  const stands = (path: string): boolean => standing.has(path);
  const guards: string[] = [];
  for (const path of standing.keys()) if (someAncestor(path, stands)) guards.push(...ancestorsOf(path));
  if (guards.length === 0) return standing;
  const fields = new Map(standing);
  for (const guard of guards) fields.delete(guard);
  return fields;
}

/** One of them, or undefined: what `effectiveFields(state).get(path)` gives, without looking at all of them. */
export function effectiveField(state: RecordState, path: string): FieldState | undefined {
  const { fields, reads } = state;
  const field = fields.get(path) ?? standingRead(state, path);
  if (field === undefined) return undefined;
  const below = `${path}.`;
  for (const other of fields.keys()) if (other.startsWith(below)) return undefined;
  for (const other of reads.keys()) if (other.startsWith(below) && standingRead(state, other) !== undefined) return undefined;
  return field;
}

/** The record's fields in the source's own names, nested as the source nests them, sorted by path. */
export function sourceFields(state: RecordState): JsonObject {
  return composeFields(sorted(effectiveFields(state)));
}

/**
 * The clock as of which nothing older stands at the path, whatever is written there itself: the floor's, or that of a write to what the path
 * is part of. Null: there is none.
 */
export function voidedAt(path: string, { fields, floor }: Pick<RecordState, 'fields' | 'floor'>): Clock | null {
  if (!path.includes('.')) return floor;
  let latest = floor;
  for (const ancestor of ancestorsOf(path)) {
    const clock = fields.get(ancestor)?.clock;
    if (clock !== undefined && (latest === null || clock > latest)) latest = clock;
  }
  return latest;
}

/** A change that stands at a path is one that no look has seen, so it comes before what looks found. */
function standingFields(state: RecordState): ReadonlyMap<string, FieldState> {
  const { fields, reads } = state;
  const standing = new Map(fields);
  for (const path of reads.keys()) {
    const read = fields.has(path) ? undefined : standingRead(state, path);
    if (read !== undefined) standing.set(path, read);
  }
  return standing;
}

function standingRead(state: RecordState, path: string): FieldState | undefined {
  const read = state.reads.get(path);
  if (read === undefined) return undefined;
  const voided = voidedAt(path, state);
  return voided === null || hasSeen(read.mark, voided) ? read : undefined;
}

function sorted(fields: ReadonlyMap<string, FieldState>): { path: string; value: FieldState['value'] }[] {
  return Array.from(fields, ([path, { value }]) => ({ path, value })).sort((one, other) => (one.path < other.path ? -1 : 1));
}
