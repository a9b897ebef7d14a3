import type { Plan, PlanKind } from '@clientele/event-store';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** RFC 3339. */
const Instant = Type.String({ minLength: 1 });
const orNull = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Union([schema, Type.Null()]);

/** The kinds of long work that read a provider. */
export const READING_PLANS = ['repair', 'window', 'load', 'reconciliation'] as const satisfies readonly PlanKind[];
export type ReadingPlanKind = (typeof READING_PLANS)[number];

export const COMPARISONS = ['full', 'sample'] as const;
export type ComparisonMode = (typeof COMPARISONS)[number];

/** What a plan is about. Entities are written down when it is made, so that its tasks stay the same whatever is mapped later. */
export const PlanParams = Type.Object(
  {
    entities: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    /** Records changed since then are read, by the provider's stamps; null: all of them. */
    since: orNull(Instant),
    /** Deletions since then are asked for. */
    deletedSince: orNull(Instant),
    /** When the feed was whole again, where somebody said so. Reading never ends there: a record that changed again has moved behind it. */
    until: orNull(Instant),
    mode: Type.Union([Type.Literal('full'), Type.Literal('sample'), Type.Null()]),
    /** Of a sample, records an entity. */
    records: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  },
  { additionalProperties: false },
);
export type PlanParams = Static<typeof PlanParams>;

export interface ReadingPlan extends Omit<Plan, 'kind' | 'params' | 'source' | 'provider'> {
  readonly kind: ReadingPlanKind;
  readonly source: string;
  readonly provider: string;
  readonly params: PlanParams;
}

/** The plan as one of those that read a provider; null for others. @throws TypeError where it is one, and not as we make them. */
export function readingPlan({ params, source, provider, kind, ...plan }: Plan): ReadingPlan | null {
  const known = READING_PLANS.find((one) => one === kind);
  if (known === undefined) return null;
  if (source === null || provider === null || !Value.Check(PlanParams, params)) throw new TypeError(`plan ${plan.id} is not as it was made`);
  return { ...plan, kind: known, source, provider, params };
}
