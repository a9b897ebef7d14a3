import type { StoredEvent } from '@clientele/contracts';
import { aggregateOf, clockTime, type DomainEvent, type RecordKey, type RecordState } from '@clientele/domain';

/** A record as it is folded: who it is, its state, and when it changed. */
export interface RecordView extends RecordKey {
  readonly id: string;
  readonly type: string;
  readonly provider: string;
  readonly state: RecordState;
  /** The earliest and the latest time at which the source says that the record changed, RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly position: number;
}

/** @throws RangeError when the event's version does not follow the record's: the log and the view are not of one make. */
export function applyToRecord(view: RecordView | null, entry: StoredEvent, event: DomainEvent): RecordView {
  const aggregate = aggregateOf(entry.streamType);
  const state = view?.state ?? aggregate.initial;
  if (entry.version !== state.version + 1) throw new RangeError(`version ${entry.version} does not follow ${state.version}`);
  const { provider, source, entity, externalId } = entry.metadata;
  const time = clockTime(event.clock);
  const counts = tellsOfChange(event);
  return {
    id: entry.streamId,
    type: entry.streamType,
    provider,
    source,
    entity,
    externalId,
    state: aggregate.apply(state, event),
    createdAt: view === null || (counts && time < view.createdAt) ? time : view.createdAt,
    updatedAt: view === null || (counts && time > view.updatedAt) ? time : view.updatedAt,
    position: entry.position,
  };
}

/** Whether the source changed the record at the event's clock. A look that found nothing new has no such time, nor has what only follows. */
function tellsOfChange(event: DomainEvent): boolean {
  if (event.type === 'MarkedDirty') return event.gap;
  return 'changed' in event && (event.read === undefined || event.changed.length > 0);
}
