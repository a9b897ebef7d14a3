import type { EventType, JsonObject } from '@clientele/domain';
import { NewerSchemaError } from './errors.ts';

/**
 * Event type -> how its data (personal part joined) gets from one schema version to the next: the first entry takes version 1 to 2. To
 * change the shape of an event, add an entry here and a file to the golden log; what is stored stays as it is.
 */
export type Upcasters = Readonly<Partial<Record<EventType, readonly ((data: JsonObject) => JsonObject)[]>>>;

export const UPCASTERS: Upcasters = {};

/** The schema version in which this code writes events of a type. */
export function newestSchemaVersion(type: EventType, upcasters: Upcasters = UPCASTERS): number {
  return 1 + (upcasters[type]?.length ?? 0);
}

/** @throws NewerSchemaError where the data is of a version that this code does not know. */
export function upcast(type: EventType, version: number, data: JsonObject, upcasters: Upcasters = UPCASTERS): JsonObject {
  const newest = newestSchemaVersion(type, upcasters);
  if (version > newest) throw new NewerSchemaError(`${type} of schema version ${version} cannot be read: this version knows ${newest}`);
  return (upcasters[type] ?? []).slice(version - 1).reduce((older, step) => step(older), data);
}
