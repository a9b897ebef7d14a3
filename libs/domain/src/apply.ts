import type { DomainEvent, MarkedDirty, RecordChanged } from './event.ts';
import { someAncestor } from './path.ts';
import { hasSeen, isLaterRead, type FieldRead, type ReadMark } from './read.ts';
import { initialRecord, MOST_DIFFS, MOST_GAPS, type FieldState, type LatestRead, type PendingDiff, type RecordState } from './record.ts';
import { winsAt } from './wins.ts';

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

/** The same record, with what an event that led to it tells others of it. */
export function withTold(state: RecordState, event: Pick<RecordChanged, 'state' | 'withheld'>): RecordState {
  const { announced, withheld } = toldBy(event, state);
  return announced === state.announced && withheld === state.withheld ? state : { ...state, announced, withheld };
}

function toldBy(event: Pick<RecordChanged, 'state' | 'withheld'>, known: Pick<RecordState, 'announced' | 'withheld'>): typeof known {
  if (event.state !== null) return { announced: true, withheld: false };
  return event.withheld === true ? { announced: known.announced, withheld: true } : known;
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
      if (event.read === undefined) change(draft, event);
      else look(draft, event, event.read);
      return note(draft, event);
    case 'Withdrawn':
      draft.announced = false;
      return;
    case 'MarkedDirty':
      return remember(draft, event);
    case 'Cleaned':
      draft.withheld = false;
      if (event.state !== null) draft.announced = true;
      return;
    case 'Merged':
      draft.survivor = event.survivor;
      return;
    case 'Converted':
      draft.converted = true;
      return;
    default:
      return unknownEvent(event);
  }
}

function change(draft: Draft, event: RecordChanged): void {
  const { clock } = event;
  if (event.floor) {
    draft.floor = clock;
    draft.complete = true;
    for (const [path, field] of draft.fields) if (field.clock < clock) draft.fields.delete(path);
    if (draft.gaps.length > 0) draft.gaps = draft.gaps.filter((gap) => gap > clock);
  }
  for (const { path, value } of event.fields) draft.fields.set(path, { value, clock });
  voidBelow(draft.fields, event);
  if (event.lifecycle !== null) {
    draft.lifecycle = event.lifecycle;
    draft.lifecycleClock = clock;
  }
}

/** What a look found takes the place of what earlier looks found, and of the changes that it has seen. */
function look(draft: Draft, { fields, lifecycle }: RecordChanged, read: LatestRead): void {
  const { mark, result } = read;
  draft.reads = withReads(draft.reads, fields, mark);
  forgetSeen(draft.fields, fields, mark);
  if (isLaterRead(mark, draft.read?.mark ?? null)) {
    draft.read = read;
    if (draft.gaps.length > 0) draft.gaps = draft.gaps.filter((gap) => !hasSeen(mark, gap));
  }
  if (result === 'found') draft.complete = true;
  if (lifecycle !== null) {
    draft.lifecycle = lifecycle;
    draft.lifecycleClock = null;
  }
}

function withReads(reads: ReadonlyMap<string, FieldRead>, fields: RecordChanged['fields'], mark: ReadMark): ReadonlyMap<string, FieldRead> {
  const all = new Map(reads);
  const read = new Set(fields.map(({ path }) => path));
  for (const [path, found] of all) if (isLaterRead(mark, found.mark) && isAtOrBelow(path, read)) all.delete(path);
  for (const { path, value } of fields) all.set(path, { value, clock: mark.order, mark });
  return all;
}

/** Takes out what the look has seen, at its paths and below: whatever it could still have held against a late write, the look holds as well. */
function forgetSeen(fields: Map<string, FieldState>, found: RecordChanged['fields'], mark: ReadMark): void {
  const read = new Set(found.map(({ path }) => path));
  for (const [path, { clock }] of fields) if (hasSeen(mark, clock) && isAtOrBelow(path, read)) fields.delete(path);
}

/** What follows from what was told, and from the text differences that came or have found their text. */
function note(draft: Draft, event: RecordChanged): void {
  const { announced, withheld } = toldBy(event, draft);
  draft.announced = announced;
  draft.withheld = withheld;
  const { diffs, clock } = event;
  if (diffs !== undefined) draft.diffs = latestOfEachPath([...draft.diffs, ...diffs.map(({ path, patch }) => ({ path, patch, clock }))]);
  if (draft.diffs.length > 0) draft.diffs = draft.diffs.filter((diff) => winsAt(diff.path, diff.clock, draft));
}

function latestOfEachPath(diffs: readonly PendingDiff[]): readonly PendingDiff[] {
  const sorted = diffs.toSorted((one, other) => (one.clock < other.clock ? -1 : 1));
  return sorted.filter(({ path }, at) => sorted.slice(at + 1).filter((later) => later.path === path).length < MOST_DIFFS);
}

function remember(draft: Draft, { gap, clock }: MarkedDirty): void {
  if (gap) draft.gaps = [...draft.gaps, clock].toSorted().slice(-MOST_GAPS);
}

/**
 * Takes out what stands below a written path with an older clock. Whatever it could still have held against a late write, the written
 * path holds as well. The other way round nothing is taken out: an ancestor guards all its descendants, not only the one written.
 */
function voidBelow(fields: Map<string, FieldState>, event: RecordChanged): void {
  const written = new Set(event.fields.map(({ path }) => path));
  const isWritten = (path: string): boolean => written.has(path);
  for (const [path, { clock }] of fields) if (clock < event.clock && someAncestor(path, isWritten)) fields.delete(path);
}

function isAtOrBelow(path: string, paths: ReadonlySet<string>): boolean {
  return paths.has(path) || someAncestor(path, (ancestor) => paths.has(ancestor));
}

/** Names the type alone: what an event holds may be personal, and errors get into logs. */
function unknownEvent(event: never): never {
  throw new TypeError(`cannot apply an event of an unknown type: ${String(Reflect.get(event, 'type'))}`);
}
