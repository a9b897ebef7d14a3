import { initialRecord } from '../record.ts';
import type { Change } from '../change.ts';
import type { AggregateDefinition } from '../definition.ts';
import type { DomainEvent } from '../event.ts';
import { processCrmEvent } from './process-crm-event.ts';

/** A whole record as its source gave it when asked, clocked by when it was taken. */
export interface CompleteState extends Omit<Change, 'kind'> {
  readonly definition: AggregateDefinition;
}

/** The events that begin the history of a record whose create was never seen. */
export function handleMissingCreate(completeState: CompleteState): DomainEvent[] {
  const { definition, ...read } = completeState;
  return processCrmEvent({ ...read, kind: 'create' }, initialRecord, definition).events.map(({ event }) => event);
}
