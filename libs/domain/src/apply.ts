import type { DomainEvent, RecordChanged } from './event.ts';
import { ancestorsOf } from './path.ts';
import { initialRecord, type FieldState, type RecordState } from './record.ts';

/** The state after an event. The only thing that an aggregate does; it trusts the event, which was decided before it was stored. */
export function apply(state: RecordState, event: DomainEvent): RecordState {
  return replay([event], state);
}

/** The state after many events: as `apply` one by one, but copying the record once. */
export function replay(events: Iterable<DomainEvent>, from: RecordState = initialRecord): RecordState {
  const draft: Draft = { ...from, fields: new Map(from.fields) };
  for (const event of events) applyTo(draft, event);
  return draft;
}

interface Draft extends Mutable<Omit<RecordState, 'fields'>> {
  fields: Map<string, FieldState>;
}
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function applyTo(draft: Draft, event: DomainEvent): void {
  draft.version += 1;
  switch (event.type) {
    case 'Created':
    case 'Updated':
    case 'Restored':
    case 'Deleted':
      return change(draft, event);
    case 'Withdrawn':
      draft.announced = false;
      return;
    default:
      return unknownEvent(event);
  }
}

function change(draft: Draft, event: RecordChanged): void {
  if (event.floor) {
    draft.floor = event.clock;
    draft.complete = true;
    for (const [path, field] of draft.fields) if (field.clock < event.clock) draft.fields.delete(path);
  }
  for (const { path, value } of event.fields) draft.fields.set(path, { value, clock: event.clock });
  voidBelow(draft.fields, event);
  if (event.lifecycle !== null) {
    draft.lifecycle = event.lifecycle;
    draft.lifecycleClock = event.clock;
  }
  if (event.state !== null) draft.announced = true;
}

/**
 * Takes out what stands below a written path with an older clock. Whatever it could still have held against a late write, the written
 * path holds as well. The other way round nothing is taken out: an ancestor guards all its descendants, not only the one written.
 */
function voidBelow(fields: Map<string, FieldState>, event: RecordChanged): void {
  const older: string[] = [];
  for (const [path, field] of fields) if (path.includes('.') && field.clock < event.clock) older.push(path);
  if (older.length === 0) return;
  const written = new Set(event.fields.map(({ path }) => path));
  for (const path of older) if (ancestorsOf(path).some((ancestor) => written.has(ancestor))) fields.delete(path);
}

/** Names the type alone: what an event holds may be personal, and errors get into logs. */
function unknownEvent(event: never): never {
  throw new TypeError(`cannot apply an event of an unknown type: ${String(Reflect.get(event, 'type'))}`);
}
