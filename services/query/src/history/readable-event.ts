import { decodeDomainEvent, type PublishedEvent, type StoredEvent } from '@clientele/contracts';
import { clockParts, clockTime, type DomainEvent, type JsonObject, type MarkedDirty, type ReadMark } from '@clientele/domain';

const BECAUSE: Readonly<Record<MarkedDirty['reason'], string>> = {
  gap: 'the source told of a change without saying what changed',
  window: 'a change was made while the record was read, and the read found something else',
  after_deletion: 'it was changed after it was deleted',
  diff: 'a text came as its difference from one that is not known',
  missing_create: 'it was never seen whole',
  survivor: 'the record that it was merged into is not known',
};

/** An event in words for people, and its details in times instead of clocks: which read, which window, which cause. */
export function readableEvent(entry: StoredEvent, { details }: Pick<PublishedEvent, 'details'>): { readonly summary: string; readonly details: JsonObject } {
  const event = decodeDomainEvent(entry);
  return { summary: summaryOf(event, causeOf(entry)), details: { ...details, ...inTimes(event, causeOf(entry)) } };
}

/** Why a record was read; null for what no read brought. */
function causeOf({ metadata: { change } }: StoredEvent): string | null {
  return change.kind === 'read' ? change.source_change_type.replace(/^read: /, '') : null;
}

function summaryOf(event: DomainEvent, cause: string | null): string {
  switch (event.type) {
    case 'MarkedDirty':
      return `In doubt since ${clockTime(event.since)}: ${BECAUSE[event.reason]}`;
    case 'Cleaned':
      return `No longer in doubt${event.state === null ? '' : ', and others are told of what was kept from them'}`;
    case 'Merged':
      return `Merged into ${event.survivor.entity} ${event.survivor.externalId}, told by ${readText(event.survivor.mark, cause)}`;
    case 'Converted':
      return `Converted into ${event.into.map(({ entity, externalId }) => `${entity} ${externalId}`).join(', ')}`;
    case 'Withdrawn':
      return 'Others, who knew of it, are told that it is gone';
    default: {
      const found = event.read?.result === 'deleted' ? ', and found it deleted' : '';
      const brought = event.read === undefined ? `a change of ${clockTime(event.clock)}` : `${readText(event.read.mark, cause)}${found}`;
      const waiting = event.diffs === undefined ? '' : `; of ${event.diffs.map(({ path }) => path).join(', ')} only a difference came, whose text is not known`;
      return `${event.type} by ${brought}${waiting}${event.withheld === true ? '; others are not told while it is in doubt' : ''}`;
    }
  }
}

function readText({ from, until, order }: ReadMark, cause: string | null): string {
  const why = cause === null ? '' : ` for ${cause}`;
  return `a read of ${clockTime(order)}${why} that saw every change before ${timeOf(from)} and none after ${timeOf(until)}`;
}

function inTimes(event: DomainEvent, cause: string | null): JsonObject {
  if (event.type === 'MarkedDirty') return { since: clockTime(event.since), since_change: clockParts(event.since).changeId };
  if (event.type === 'Merged') return { read: readIn(event.survivor.mark, cause) };
  return 'read' in event && event.read !== undefined ? { read: { ...readIn(event.read.mark, cause), result: event.read.result } } : {};
}

/** `id` is that of the read, under which it can be asked for like a change. */
function readIn({ from, until, order }: ReadMark, cause: string | null): JsonObject {
  return { id: clockParts(order).changeId, cause, at: clockTime(order), from: timeOf(from), until: timeOf(until) };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
