import { aggregateOf } from '../aggregates/index.ts';
import type { Change } from '../change.ts';
import type { AggregateDefinition } from '../definition.ts';
import type { DomainEvent, RecordChanged, Withdrawn } from '../event.ts';
import { publicState } from '../public-state.ts';
import type { RecordState } from '../record.ts';
import { brokenRules, feedRules } from '../rules/index.ts';
import { statusOf } from '../status.ts';
import { defaultContext, type DecidingContext } from './deciding-context.ts';
import type { DecidedEvent, Decision } from './decision.ts';
import { determineEventType } from './determine-event-type.ts';
import { movesNothing, movesOf, type Moves } from './moves.ts';
import { shouldBroadcast, shouldWithdraw } from './should-broadcast.ts';
import { assertEventSequence } from './validate-event-sequence.ts';
import { validateStatus } from './validate-status.ts';
import { visibleChanges } from './visible-changes.ts';

/**
 * Decides what a change from a feed means for a record. Never refuses: what is newer is taken, path by path, what is older is kept as
 * lost, and what is odd is said in `warnings`. The order in which changes arrive has no part in the state that they lead to.
 */
export function processCrmEvent(change: Change, state: RecordState, definition: AggregateDefinition, _context: DecidingContext = defaultContext): Decision {
  const oddities = brokenRules(feedRules, { change, state, definition });
  const moves = movesOf(change, state);
  if (movesNothing(moves)) return { outcome: 'superseded', events: [], stateAfter: state, warnings: oddities, lost: moves.lost, reads: [] };

  const events: DecidedEvent[] = [changeOf(change, moves, state, definition)];
  let stateAfter = appended(state, events, definition);
  if (shouldWithdraw(stateAfter, definition)) {
    const withdrawn = withdrawalOf(change, stateAfter, definition);
    stateAfter = appended(stateAfter, [withdrawn], definition);
    events.push(withdrawn);
  }
  return { outcome: 'applied', events, stateAfter, warnings: [...oddities, ...validateStatus(stateAfter, definition)], lost: moves.lost, reads: [] };
}

function changeOf(change: Change, moves: Moves, state: RecordState, definition: AggregateDefinition): DecidedEvent {
  const bare: RecordChanged = { type: determineEventType(state, change), clock: change.clock, ...moves, changed: [], state: null };
  const after = aggregateOf(definition.type).apply(state, bare);
  const seen: RecordChanged = { ...bare, changed: visibleChanges(state, after, definition) };
  const { broadcast, reason } = shouldBroadcast(seen, after, definition);
  const event: RecordChanged = { ...seen, state: broadcast && after.lifecycle === 'active' ? publicState(after, definition) : null };
  return { event, broadcast, broadcastReason: reason };
}

function withdrawalOf(change: Change, state: RecordState, definition: AggregateDefinition): DecidedEvent {
  const event: Withdrawn = { type: 'Withdrawn', clock: change.clock, status: statusOf(state, definition) };
  const { broadcast, reason } = shouldBroadcast(event, state, definition);
  return { event, broadcast, broadcastReason: reason };
}

function appended(state: RecordState, events: readonly { readonly event: DomainEvent }[], definition: AggregateDefinition): RecordState {
  const aggregate = aggregateOf(definition.type);
  return events.reduce((history, { event }) => {
    assertEventSequence(event, history);
    return aggregate.apply(history, event);
  }, state);
}
