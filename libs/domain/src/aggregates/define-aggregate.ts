import { apply } from '../apply.ts';
import type { DomainEvent } from '../event.ts';
import { initialRecord, type RecordState } from '../record.ts';

/** A kind of record. It applies events, and does nothing else: what happens is decided by the domain service. */
export interface Aggregate {
  readonly type: string;
  readonly initial: RecordState;
  readonly apply: (state: RecordState, event: DomainEvent) => RecordState;
}

/** @param type how the kind is called here, `[a-z][a-z0-9_]*`. */
export function defineAggregate(type: string): Aggregate {
  return Object.freeze({ type, initial: initialRecord, apply });
}
