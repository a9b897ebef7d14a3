import { Type, type Static } from '@sinclair/typebox';
import type { Plan } from '@clientele/event-store';
import { shortText, TEXT_PATTERN } from '@clientele/service-kit';
import { planCursor } from '../plan-cursor.ts';
import { COMPARISONS, READING_PLANS, readingPlan, type ReadingPlan } from '../plan-params.ts';
import { byEntity, countOf, sumOf } from '../plan-tally.ts';
import { tasksOf } from '../plan-tasks.ts';

const Instant = Type.String({ format: 'date-time' });
const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Number>>(schema: T) => Type.Union([schema, Type.Null()]);
const Name = shortText();

export const PlanKindName = Type.Union(READING_PLANS.map((kind) => Type.Literal(kind)));
export const PlanStateName = Type.Union((['running', 'paused', 'done', 'failed', 'cancelled'] as const).map((state) => Type.Literal(state)));

/** Long work that reads a provider. */
export const PlanView = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    kind: PlanKindName,
    source: Type.String(),
    provider: Type.String(),
    entities: Type.Array(Type.String()),
    state: PlanStateName,
    /** What it came from: a change id, `connected`, `scheduled`, a person's reason. */
    cause: Type.String(),
    requested_by: Type.String(),
    from: orNull(Instant),
    until: orNull(Instant),
    mode: Type.Union([...COMPARISONS.map((mode) => Type.Literal(mode)), Type.Null()]),
    /** What it does now: `changed Account`; null where it is over. */
    task: orNull(Type.String()),
    /** Why it waits just now, or why it failed; null: it does not. */
    trouble: Type.Union([Type.Object({ message: Type.String(), until: orNull(Instant) }), Type.Null()]),
    /** Entities that could not be read, and why. */
    failures: Type.Record(Type.String(), Type.String()),
    progress: Type.Object({
      /** Records that were gone through, and all that there are, where that is known. */
      done: Type.Number(),
      total: orNull(Type.Number()),
      /** 0 to 1. */
      share: orNull(Type.Number()),
      records_per_second: orNull(Type.Number()),
      seconds_left: orNull(Type.Number()),
      /** What it cost so far. */
      api_calls: Type.Number(),
      readings_sent: Type.Number(),
    }),
    /** Of a load that is over: whether we hold, whole and alive, each record that the provider lists (`counts`: `held` of `provided`, `missing`). */
    complete: Type.Union([Type.Boolean(), Type.Null()]),
    /** Counts of each entity. */
    counts: Type.Record(Type.String(), Type.Record(Type.String(), Type.Number())),
    created_at: Instant,
    updated_at: Instant,
    finished_at: orNull(Instant),
  },
  { additionalProperties: false, $id: 'Plan' },
);
export type PlanView = Static<typeof PlanView>;

export const PlanQuery = Type.Object(
  {
    kind: Type.Optional(PlanKindName),
    state: Type.Optional(PlanStateName),
    source: Type.Optional(Name),
    entity: Type.Optional(Name),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  },
  { additionalProperties: false },
);
export type PlanQuery = Static<typeof PlanQuery>;

export const PlanPage = Type.Object(
  { items: Type.Array(PlanView), next_cursor: orNull(Type.String()) },
  { additionalProperties: false, $id: 'PlanPage' },
);

/** What may be asked for. */
export const PlanOrder = Type.Object(
  {
    kind: PlanKindName,
    source: Name,
    /** By default all that the source's provider has mapped. */
    entity: Type.Optional(Name),
    /** Since when records changed; needed by a window, may stand with a repair (by default everything is read). */
    from: Type.Optional(Instant),
    /** When the feed was whole again: for the record. Reading goes on to the present, since what changed again has moved. */
    until: Type.Optional(Instant),
    /** Of a reconciliation: all records (by default), or some that are drawn. */
    mode: Type.Optional(Type.Union(COMPARISONS.map((mode) => Type.Literal(mode)))),
    /** Of a sample: how many records an entity. */
    records: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 1000, pattern: TEXT_PATTERN, description: '1 to 1,000 characters, none of them a control character' })),
  },
  { additionalProperties: false, $id: 'PlanOrder' },
);
export type PlanOrder = Static<typeof PlanOrder>;

/** Null for a plan of another kind. */
export function planView(plan: Plan): PlanView | null {
  const known = readingPlan(plan);
  return known === null ? null : viewOf(known);
}

function viewOf(plan: ReadingPlan): PlanView {
  const { params, counters } = plan;
  const cursor = planCursor(plan.cursor);
  const task = tasksOf(plan.kind, params)[cursor.task];
  const isOver = plan.finishedAt !== null;
  return {
    id: plan.id, kind: plan.kind, source: plan.source, provider: plan.provider, entities: params.entities, state: plan.state, cause: plan.cause,
    requested_by: plan.requestedBy, from: params.since, until: params.until, mode: params.mode,
    task: isOver || task === undefined ? null : `${task.stage} ${task.entity}`,
    trouble: cursor.trouble, failures: cursor.failed, progress: progressOf(plan), complete: completeness(plan), counts: byEntity(counters),
    created_at: plan.createdAt.toISOString(), updated_at: plan.updatedAt.toISOString(), finished_at: plan.finishedAt?.toISOString() ?? null,
  };
}

function progressOf({ counters, state }: ReadingPlan): PlanView['progress'] {
  const { calls = 0, ms = 0, sent = 0 } = counters;
  const done = sumOf(counters, 'read') ?? 0;
  const total = sumOf(counters, 'total');
  const perSecond = done > 0 && ms > 0 ? done / (ms / 1000) : null;
  const left = total === null || perSecond === null || state !== 'running' ? null : Math.ceil(Math.max(0, total - done) / perSecond);
  const share = state === 'done' ? 1 : total === null || total === 0 ? null : Math.min(1, done / total);
  return {
    done, total, share, records_per_second: perSecond === null ? null : Math.round(perSecond * 10) / 10, seconds_left: left, api_calls: calls, readings_sent: sent,
  };
}

function completeness({ kind, state, params, counters }: ReadingPlan): boolean | null {
  if (kind !== 'load' || (state !== 'done' && state !== 'failed')) return null;
  return state === 'done' && params.entities.every((entity) => countOf(counters, entity, 'held') === countOf(counters, entity, 'provided'));
}
