import { aggregateOf } from '../aggregates/index.ts';
import type { FieldWrite } from '../change.ts';
import type { Clock } from '../clock.ts';
import type { AggregateDefinition } from '../definition.ts';
import { doubtOf, type Doubt } from '../doubt.ts';
import type { RecordChanged } from '../event.ts';
import type { Finding } from '../finding.ts';
import type { RecordState, Survivor } from '../record.ts';
import type { DecidingContext, ReadRequest } from './deciding-context.ts';
import type { Decision } from './decision.ts';
import { settledDiff } from './text-diffs.ts';
import { Telling, type Step } from './telling.ts';
import { validateStatus } from './validate-status.ts';

/** What a change, or a look, comes to by itself, before what follows from it. */
export interface Outset {
  readonly clock: Clock;
  /** What it moves, without what others see of it; null: nothing. */
  readonly event: RecordChanged | null;
  /** Whether it is a gap that has to be remembered. */
  readonly gap: boolean;
  readonly survivor: Survivor | null;
  readonly lost: readonly FieldWrite[];
  readonly warnings: readonly Finding[];
}

/** Everything that follows: what else moves, what others are told, what is in doubt before and after, and what is to be read. */
export function unfold(outset: Outset, state: RecordState, definition: AggregateDefinition, context: DecidingContext): Decision {
  const { event, gap, lost, warnings } = outset;
  const before = doubtOf(state);
  if (event === null && !gap) return { outcome: 'superseded', events: [], stateAfter: state, warnings, lost, reads: readsOf(outset, before, context) };

  const steps = stepsOf(outset, state, definition, context);
  const after = doubtAfter(outset, steps.at(-1)?.after ?? state, definition);
  const telling = new Telling(state, definition, after, { dirty: after !== null && context.readable, own: context.own && !context.broadcastOwn });
  for (const step of steps) telling.move(step);
  telling.conclude(outset, before);
  const { events, state: stateAfter } = telling;
  return {
    outcome: 'applied', events, stateAfter, warnings: [...warnings, ...validateStatus(stateAfter, definition)], lost, reads: readsOf(outset, after, context),
  };
}

/** What moves, with the text differences that find their text by it. */
function stepsOf({ event }: Outset, state: RecordState, { type }: AggregateDefinition, { patch }: DecidingContext): Step[] {
  const { apply } = aggregateOf(type);
  const steps: Step[] = [];
  const touched = new Set<string>();
  let after = state;
  for (let next = event; next !== null; next = after.diffs.length > 0 ? settledDiff(after, touched, patch) : null) {
    after = apply(after, next);
    steps.push({ event: next, after });
    if (after.diffs.length > 0) for (const { path } of next.fields) touched.add(path);
  }
  return steps;
}

function doubtAfter({ clock, gap }: Outset, state: RecordState, { type }: AggregateDefinition): Doubt | null {
  return doubtOf(gap ? aggregateOf(type).apply(state, { type: 'MarkedDirty', clock, since: clock, reason: 'gap', gap }) : state);
}

/** One look settles all that is in doubt, and tells of a survivor as well. */
function readsOf({ event, clock }: Outset, doubt: Doubt | null, { readable, survivors }: DecidingContext): readonly ReadRequest[] {
  if (!readable) return [];
  const mayBeMerged = survivors && event !== null && event.read === undefined && event.lifecycle === 'deleted';
  if (doubt === null) return mayBeMerged ? [{ reason: 'survivor', since: clock }] : [];
  return [{ reason: doubt.reason, since: mayBeMerged && clock > doubt.until ? clock : doubt.until }];
}
