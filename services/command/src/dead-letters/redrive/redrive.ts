import { Type, type Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { Plan } from '@clientele/event-store';
import type { JsonObject } from '@clientele/domain';
import { LetterFilter, LetterId } from '../letter-filter.ts';

export const MOST_IDS = 10_000;
const DEFAULT_RATE = 100;

const Step = Type.Union([Type.Integer({ minimum: 1, maximum: 1_000_000 }), Type.Literal('all')]);
export type Step = Static<typeof Step>;

const Canary = Type.Object(
  {
    /** How many are tried before it is judged whether to go on, step by step; after the last come all others. */
    steps: Type.Array(Step, { minItems: 1, maxItems: 20, default: [1, 10, 'all'] }),
    /** The redrive stops itself where a larger share than this fails again or is rejected: of a step, and from then on of all so far. 0 to 1. */
    stop_above: Type.Number({ minimum: 0, maximum: 1 }),
  },
  { additionalProperties: false },
);

/** What is to be redriven: these dead letters, or all parked ones that the filter fits at this moment. */
export const RedriveRequest = Type.Object(
  {
    ids: Type.Optional(Type.Array(LetterId, { minItems: 1, maxItems: MOST_IDS })),
    filter: Type.Optional(LetterFilter),
    rate: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_RATE, description: 'At most so many a second' })),
    canary: Type.Optional(Canary),
  },
  { additionalProperties: false },
);
export type RedriveRequest = Static<typeof RedriveRequest>;

/** What a redrive's plan holds as its parameters. */
export const RedriveParams = Type.Object({
  ids: Type.Union([Type.Array(Type.String()), Type.Null()]),
  filter: Type.Union([LetterFilter, Type.Null()]),
  rate: Type.Integer({ minimum: 1 }),
  canary: Type.Union([Canary, Type.Null()]),
  /** RFC 3339, of the filter: what is parked later is not meant, and ages are told from here. */
  until: Type.String(),
  /** How many were meant at that moment. */
  total: Type.Integer(),
});
export type RedriveParams = Static<typeof RedriveParams>;

/** Where a redrive stands. */
export const RedriveCursor = Type.Object({
  /** Ordered and not known to be decided. */
  window: Type.Array(Type.String()),
  /** How many of `ids` have been taken. */
  taken: Type.Integer(),
  /** Where the filter's list goes on. */
  after: Type.Union([Type.Object({ decidedAt: Type.String(), id: Type.String() }), Type.Null()]),
  step: Type.Integer(),
  /** Of the step. */
  decided: Type.Integer(),
  failed: Type.Integer(),
  /** Why it stopped itself. */
  stopped: Type.Union([Type.String(), Type.Null()]),
});
export type RedriveCursor = Static<typeof RedriveCursor>;

export const BEGINNING: RedriveCursor = { window: [], taken: 0, after: null, step: 0, decided: 0, failed: 0, stopped: null };

const params = TypeCompiler.Compile(RedriveParams);
const cursor = TypeCompiler.Compile(RedriveCursor);

/** @throws TypeError where the plan is none of ours. */
export function redriveParams(plan: Pick<Plan, 'id' | 'params'>): RedriveParams {
  const value: unknown = plan.params;
  if (!params.Check(value)) throw new TypeError(`plan ${plan.id} is no redrive`);
  return value;
}

/** @throws TypeError where the plan is none of ours. */
export function redriveCursor(plan: Pick<Plan, 'id' | 'cursor'>): RedriveCursor {
  const value: unknown = plan.cursor ?? BEGINNING;
  if (!cursor.Check(value)) throw new TypeError(`plan ${plan.id} stands where no redrive can`);
  return value;
}

/** As a plan keeps it. */
export function asJson({ after, window, ...rest }: RedriveCursor): JsonObject {
  return { ...rest, window, after: after === null ? null : { ...after } };
}

/** The step that a redrive is at; without a canary, and after its last step, all. */
export function stepOf({ canary }: RedriveParams, { step }: Pick<RedriveCursor, 'step'>): Step {
  return canary?.steps[step] ?? 'all';
}

type Counted = Readonly<Record<string, number>>;

export function decidedIn({ succeeded = 0, failed = 0, rejected = 0 }: Counted): number {
  return succeeded + failed + rejected;
}

/** What a canary goes by: what is rejected is settled for good, and not as whoever had it redriven hoped. */
export function failedIn({ failed = 0, rejected = 0 }: Counted): number {
  return failed + rejected;
}

const Instant = Type.String({ format: 'date-time' });

export const Redrive = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    state: Type.Union(['running', 'done', 'stopped', 'cancelled'].map((state) => Type.Literal(state))),
    /** Why it stopped itself. */
    stopped_because: Type.Union([Type.String(), Type.Null()]),
    requested_by: Type.String(),
    created_at: Instant,
    updated_at: Instant,
    finished_at: Type.Union([Instant, Type.Null()]),
    /** Dead letters that were meant when it began. */
    total: Type.Integer(),
    /** Of them: ordered so far. */
    sent: Type.Integer(),
    /** Decided, and waiting no more. */
    succeeded: Type.Integer(),
    /** Decided for good, and wrong: `GET /events/{id}` has the errors of each. */
    rejected: Type.Integer(),
    failed_again: Type.Integer(),
    /** Settled by somebody else meanwhile, or never parked. */
    skipped: Type.Integer(),
    /** At most so many a second. */
    rate: Type.Integer(),
    /** A second, on average so far. */
    speed: Type.Number(),
    /** Of the canary: so many are tried now. */
    step: Step,
    canary: Type.Union([Canary, Type.Null()]),
    filter: Type.Union([LetterFilter, Type.Null()]),
  },
  { additionalProperties: false, $id: 'Redrive' },
);
export type Redrive = Static<typeof Redrive>;

export function redriveOf(plan: Plan): Redrive {
  const { counters, createdAt, updatedAt, finishedAt } = plan;
  const [own, at] = [redriveParams(plan), redriveCursor(plan)];
  const count = (name: string): number => counters[name] ?? 0;
  const seconds = Math.max((updatedAt.getTime() - createdAt.getTime()) / 1000, 1);
  return {
    id: plan.id, state: plan.state === 'failed' ? 'stopped' : plan.state, stopped_because: at.stopped, requested_by: plan.requestedBy,
    created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString(), finished_at: finishedAt?.toISOString() ?? null,
    total: own.total, sent: count('sent'), succeeded: count('succeeded'), rejected: count('rejected'), failed_again: count('failed'), skipped: count('skipped'),
    rate: own.rate, speed: Math.round((decidedIn(counters) / seconds) * 10) / 10,
    step: stepOf(own, at), canary: own.canary, filter: own.filter,
  };
}
