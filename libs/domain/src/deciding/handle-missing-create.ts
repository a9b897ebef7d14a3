import type { AggregateDefinition } from '../definition.ts';
import type { DomainEvent } from '../event.ts';
import type { RecordReading } from '../read.ts';
import { initialRecord } from '../record.ts';
import { processRecordRead } from './process-record-read.ts';

/** A whole record as its source gave it when asked. */
export interface CompleteState extends RecordReading {
  readonly definition: AggregateDefinition;
}

/** The events that begin the history of a record whose create was never seen. */
export function handleMissingCreate({ definition, ...reading }: CompleteState): DomainEvent[] {
  return processRecordRead(reading, initialRecord, definition).events.map(({ event }) => event);
}
