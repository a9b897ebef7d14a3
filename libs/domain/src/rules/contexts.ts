import type { Change } from '../change.ts';
import type { AggregateDefinition } from '../definition.ts';
import type { DomainEvent } from '../event.ts';
import type { RecordState } from '../record.ts';

/** A change before it is decided, and what is known of its record. */
export interface ChangeContext {
  readonly change: Change;
  readonly state: RecordState;
  readonly definition: AggregateDefinition;
}

/** A record as others will see it. */
export interface StateContext {
  readonly state: RecordState;
  readonly definition: AggregateDefinition;
}

/** An event about to be appended, and what the events before it lead to. */
export interface SequenceContext {
  readonly event: DomainEvent;
  readonly history: RecordState;
}

/** Who sent a command, and whom this installation knows. */
export interface ProviderContext {
  readonly provider: string;
  readonly supported: readonly string[];
}
