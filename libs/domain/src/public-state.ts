import { clockTime, type Clock } from './clock.ts';
import type { AggregateDefinition } from './definition.ts';
import { dirtySince } from './doubt.ts';
import { effectiveFields } from './effective-fields.ts';
import { composeFields } from './field-paths.ts';
import type { JsonObject } from './json.ts';
import { nameOf } from './names.ts';
import type { FieldState, RecordState } from './record.ts';
import { statusOf } from './status.ts';

/**
 * What others are told of a record: `{ type, lifecycle, complete, dirty_since, status, fields }`, fields in our names.
 * @param doubt since when it is in doubt, where more is known of that than the state says.
 */
export function publicState(state: RecordState, definition: AggregateDefinition, doubt: Clock | null = dirtySince(state)): JsonObject {
  return {
    type: definition.type,
    lifecycle: state.lifecycle,
    complete: state.complete,
    dirty_since: doubt === null ? null : clockTime(doubt),
    status: statusOf(state, definition),
    fields: publicFields(state, definition),
  };
}

/** The record's fields in our names, nested, sorted by name. Where a mapping gives two fields one name, the later written shows. */
export function publicFields(state: RecordState, definition: AggregateDefinition): JsonObject {
  const named = new Map<string, FieldState>();
  for (const [path, field] of effectiveFields(state)) {
    const name = nameOf(path, definition);
    const rival = named.get(name);
    if (rival === undefined || rival.clock < field.clock) named.set(name, field);
  }
  const writes = Array.from(named, ([path, { value }]) => ({ path, value }));
  return composeFields(writes.sort((one, other) => (one.path < other.path ? -1 : 1)));
}
