import type { AggregateDefinition } from './definition.ts';
import { effectiveField } from './effective-fields.ts';
import { isExactNumber, type Json } from './json.ts';
import type { RecordState } from './record.ts';

/** The record's status: the first of the configured paths that has a value. Null: none has, or the entity knows no status. */
export function statusOf(state: RecordState, definition: AggregateDefinition): string | null {
  return statusField(state, definition)?.status ?? null;
}

/** The status and the path that it stands at. */
export function statusField(state: RecordState, definition: AggregateDefinition): { path: string; status: string } | null {
  for (const path of definition.statusPaths) {
    const status = asText(effectiveField(state, path)?.value);
    if (status !== null) return { path, status };
  }
  return null;
}

/** Whether records of this status are kept from other consumers. */
export function isSilent(status: string | null, definition: AggregateDefinition): boolean {
  return status !== null && definition.silentStatuses.some((silent) => fold(silent) === fold(status));
}

function asText(value: Json | undefined): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value;
  if (typeof value === 'number' || typeof value === 'boolean' || isExactNumber(value)) return String(value);
  return null;
}

function fold(status: string): string {
  return status.trim().toLowerCase();
}
