import type { StoredEvent, StoredOutcome } from '@clientele/contracts';
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
  const { createdAt, updatedAt } = view ?? { createdAt: time, updatedAt: time };
  return {
    id: entry.streamId,
    type: entry.streamType,
    provider,
    source,
    entity,
    externalId,
    state: aggregate.apply(state, event),
    ...(tellsOfChange(event) ? withTime({ createdAt, updatedAt }, time) : { createdAt, updatedAt }),
    position: entry.position,
  };
}

/** A change that came too late to move anything is told of by the source all the same: when a record changed must not depend on the order. */
export function noteSuperseded(view: RecordView, { event }: StoredOutcome): RecordView {
  if (event === null || event.metadata.kind === 'read') return view;
  const { createdAt, updatedAt } = withTime(view, new Date(event.metadata.clock.commit_time).toISOString());
  return createdAt === view.createdAt && updatedAt === view.updatedAt ? view : { ...view, createdAt, updatedAt };
}

function withTime({ createdAt, updatedAt }: Pick<RecordView, 'createdAt' | 'updatedAt'>, time: string): Pick<RecordView, 'createdAt' | 'updatedAt'> {
  return { createdAt: time < createdAt ? time : createdAt, updatedAt: time > updatedAt ? time : updatedAt };
}

/** Whether the source changed the record at the event's clock. A look that found nothing new has no such time, nor has what only follows. */
function tellsOfChange(event: DomainEvent): boolean {
  if (event.type === 'MarkedDirty') return event.gap;
  return 'changed' in event && (event.read === undefined || event.changed.length > 0);
}
