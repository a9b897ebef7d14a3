import type { AggregateDefinition } from '../definition.ts';
import { effectiveFields } from '../effective-fields.ts';
import { nameOf } from '../names.ts';
import type { RecordState } from '../record.ts';
import { sameValue } from '../same-value.ts';
import { statusOf } from '../status.ts';

/**
 * What differs between two states for whoever sees the public one: see `RecordChanged.changed`. Fields sorted by name. A number that is only
 * written otherwise (100.50 in the feed, 100.5 where it was read) does not differ.
 */
export function visibleChanges(before: RecordState, after: RecordState, definition: AggregateDefinition): string[] {
  const changed: string[] = [];
  if (before.version === 0 || before.lifecycle !== after.lifecycle) changed.push('lifecycle');
  if (before.version === 0 || before.complete !== after.complete) changed.push('complete');
  if (statusOf(before, definition) !== statusOf(after, definition)) changed.push('status');
  const names = changedPaths(before, after).map((path) => `fields.${nameOf(path, definition)}`);
  return [...changed, ...new Set(names.sort())];
}

function changedPaths(before: RecordState, after: RecordState): string[] {
  const old = effectiveFields(before);
  const now = effectiveFields(after);
  const paths: string[] = [];
  for (const [path, field] of now) {
    const known = old.get(path);
    if (known === undefined || (known !== field && !sameValue(known.value, field.value))) paths.push(path);
  }
  for (const path of old.keys()) if (!now.has(path)) paths.push(path);
  return paths;
}
