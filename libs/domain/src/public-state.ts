import type { FieldWrite } from './change.ts';
import { clockTime, type Clock } from './clock.ts';
import type { AggregateDefinition } from './definition.ts';
import { dirtySince } from './doubt.ts';
import { effectiveFields } from './effective-fields.ts';
import { composeFields } from './field-paths.ts';
import type { JsonObject } from './json.ts';
import { nameOf } from './names.ts';
import type { RecordState } from './record.ts';
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
  const named: NamedField[] = [];
  for (const [source, { value, clock }] of effectiveFields(state)) named.push({ path: nameOf(source, definition), value, clock, source });
  return composeFields(named.sort(byName));
}

interface NamedField extends FieldWrite {
  readonly clock: Clock;
  /** The path in the source's own names. */
  readonly source: string;
}

/** Of one name the later written comes last, and stands; of one change that of the later path, whatever came first. */
function byName(one: NamedField, other: NamedField): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  if (one.clock !== other.clock) return one.clock < other.clock ? -1 : 1;
  return one.source < other.source ? -1 : 1;
}
