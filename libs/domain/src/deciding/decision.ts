import type { FieldWrite } from '../change.ts';
import type { DomainEvent } from '../event.ts';
import type { Finding } from '../finding.ts';
import type { RecordState } from '../record.ts';
import type { ReadRequest } from './deciding-context.ts';
import type { BroadcastReason } from './should-broadcast.ts';

/** An event and whether others are told of it: decided once, here, and never again. */
export interface DecidedEvent {
  readonly event: DomainEvent;
  readonly broadcast: boolean;
  readonly broadcastReason: BroadcastReason;
}

/** What a change means for a record. */
export interface Decision {
  /** `superseded`: nothing in the change is newer than what is known, so there is no event. */
  readonly outcome: 'applied' | 'superseded';
  /** To be appended together, in this order. */
  readonly events: readonly DecidedEvent[];
  readonly stateAfter: RecordState;
  /** What the rules have to say. A change from a feed is never refused for it. */
  readonly warnings: readonly Finding[];
  /** The change's values that lost to later ones. */
  readonly lost: readonly FieldWrite[];
  /** Reads that the record needs; none or one, and none where the source cannot be read. */
  readonly reads: readonly ReadRequest[];
}
