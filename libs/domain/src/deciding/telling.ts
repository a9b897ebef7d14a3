import { aggregateOf } from '../aggregates/index.ts';
import { withTold } from '../apply.ts';
import { conversionOf } from '../conversion.ts';
import type { AggregateDefinition } from '../definition.ts';
import type { Doubt } from '../doubt.ts';
import type { DomainEvent, RecordChanged } from '../event.ts';
import { publicState } from '../public-state.ts';
import type { RecordState } from '../record.ts';
import { statusOf } from '../status.ts';
import type { DecidedEvent } from './decision.ts';
import { shouldBroadcast, shouldWithdraw, type Broadcast, type Restraint } from './should-broadcast.ts';
import type { Outset } from './unfold.ts';
import { assertEventSequence } from './validate-event-sequence.ts';
import { visibleChanges } from './visible-changes.ts';

/** An event that moves something, without what others see of it, and the state that it leads to. */
export interface Step {
  readonly event: RecordChanged;
  readonly after: RecordState;
}

/** A decision's events as they are told, one after the other, and the state that they lead to. */
export class Telling {
  readonly events: DecidedEvent[] = [];
  state: RecordState;
  readonly #definition: AggregateDefinition;
  readonly #doubt: Doubt | null;
  readonly #restraint: Restraint;

  /** @param doubt what is in doubt when all is said. */
  constructor(state: RecordState, definition: AggregateDefinition, doubt: Doubt | null, restraint: Restraint) {
    this.state = state;
    this.#definition = definition;
    this.#doubt = doubt;
    this.#restraint = restraint;
  }

  move({ event, after: moved }: Step): void {
    const { announced, withheld } = this.state;
    const isAsTold = moved.announced === announced && moved.withheld === withheld;
    const after = isAsTold ? moved : { ...moved, announced, withheld };
    const seen: RecordChanged = { ...event, changed: visibleChanges(this.state, after, this.#definition) };
    const { broadcast, reason } = shouldBroadcast(seen, after, this.#definition, this.#restraint);
    const told: RecordChanged = {
      ...seen,
      state: broadcast && after.lifecycle === 'active' ? publicState(after, this.#definition, this.#doubt?.since ?? null) : null,
      ...(reason === 'dirty' ? { withheld: true } : {}),
    };
    this.#push(told, { broadcast, reason }, withTold(after, told));
  }

  /** What follows from all that moved. @param before what was in doubt until now. */
  conclude({ clock, gap, survivor }: Outset, before: Doubt | null): void {
    if (survivor !== null) this.#follow({ type: 'Merged', clock, survivor });
    const into = this.state.converted ? null : conversionOf(this.state, this.#definition);
    if (into !== null && into.length > 0) this.#follow({ type: 'Converted', clock, into });
    if (shouldWithdraw(this.state, this.#definition)) this.#follow({ type: 'Withdrawn', clock, status: statusOf(this.state, this.#definition) });
    if (gap) this.#follow({ type: 'MarkedDirty', clock, since: this.#doubt?.since ?? clock, reason: this.#doubt?.reason ?? 'gap', gap });
    else if (this.#doubt !== null && before === null) this.#follow({ type: 'MarkedDirty', clock, since: this.#doubt.since, reason: this.#doubt.reason, gap });
    else if (this.#doubt === null && before !== null) this.#clean(clock);
  }

  #clean(clock: DomainEvent['clock']): void {
    const event = { type: 'Cleaned', clock, state: null } as const;
    const { broadcast, reason } = shouldBroadcast(event, this.state, this.#definition, this.#restraint);
    this.#follow({ ...event, state: broadcast ? publicState(this.state, this.#definition, null) : null }, { broadcast, reason });
  }

  #follow(event: DomainEvent, broadcast?: Broadcast): void {
    const after = aggregateOf(this.#definition.type).apply(this.state, event);
    this.#push(event, broadcast ?? shouldBroadcast(event, after, this.#definition, this.#restraint), after);
  }

  #push(event: DomainEvent, { broadcast, reason }: Broadcast, after: RecordState): void {
    assertEventSequence(event, this.state);
    this.events.push({ event, broadcast, broadcastReason: reason });
    this.state = after;
  }
}
