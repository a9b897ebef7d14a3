import type { Plan } from '@clientele/event-store';
import { Type, type Static } from '@sinclair/typebox';
import { DRIFT_CAUSES } from '../comparison/compare-record.ts';
import { estimate } from '../comparison/drift-score.ts';
import { readingPlan, type ComparisonMode } from '../plan-params.ts';
import { countOf } from '../plan-tally.ts';

const Text = Type.Union([Type.String(), Type.Null()]);
const Share = Type.Number({ minimum: 0, maximum: 1 });

const Comparison = Type.Object(
  {
    plan: Type.String({ format: 'uuid' }),
    at: Type.String({ format: 'date-time' }),
    compared: Type.Integer(),
    drifted: Type.Integer(),
    /** drifted / compared. */
    score: Share,
    /** Where the score of all records lies with 95 % confidence; of a full comparison the score itself. */
    low: Share,
    high: Share,
    /** Why they differed: `missed`, `late`, `gap`, `mapping`. Each was repaired. */
    causes: Type.Record(Type.String(), Type.Integer()),
    /** Deletions that no event announced, told by no log either. */
    hard_deleted: Type.Integer(),
    /** Records that the provider does not show, without a proof that they are deleted: most likely permissions were taken away. */
    hidden: Type.Integer(),
  },
  { additionalProperties: false },
);
type Comparison = Static<typeof Comparison>;

const EntityDrift = Type.Object(
  { entity: Type.String(), full: Type.Union([Comparison, Type.Null()]), sample: Type.Union([Comparison, Type.Null()]) },
  { additionalProperties: false },
);
export type EntityDrift = Static<typeof EntityDrift>;

const Feed = Type.Object(
  {
    asked_at: Type.String({ format: 'date-time' }),
    /** `error`, `stopped`, `silent`; empty: all is well. */
    alarms: Type.Array(Type.String()),
    relays: Type.Array(Type.Object({
      resource: Text, status: Text, last_relayed_at: Text,
      error: Type.Union([Type.Object({ code: Text, message: Text, at: Text }), Type.Null()]),
    })),
  },
  { additionalProperties: false },
);

export const DriftPage = Type.Object(
  {
    items: Type.Array(Type.Object({
      source: Type.String(),
      /** As the source's provider says of its feed; null where another process asks it, or it keeps no account. */
      feed: Type.Union([Feed, Type.Null()]),
      entities: Type.Array(EntityDrift),
    })),
  },
  { additionalProperties: false, $id: 'DriftPage' },
);

/** @param plans reconciliations that are over, newest first. */
export function driftOf(entity: string, plans: readonly Plan[]): EntityDrift {
  return { entity, full: latest(entity, 'full', plans), sample: latest(entity, 'sample', plans) };
}

function latest(entity: string, mode: ComparisonMode, plans: readonly Plan[]): Comparison | null {
  for (const plan of plans) {
    const known = readingPlan(plan);
    if (known?.params.mode !== mode || known.finishedAt === null) continue;
    const count = (name: string): number => countOf(known.counters, entity, name);
    const share = estimate(count('drifted'), count('compared'));
    if (share === null) continue;
    const bounds = mode === 'full' ? { low: share.score, high: share.score } : { low: share.low, high: share.high };
    return {
      plan: known.id, at: known.finishedAt.toISOString(), compared: count('compared'), drifted: count('drifted'), score: share.score, ...bounds,
      causes: Object.fromEntries(DRIFT_CAUSES.map((cause) => [cause, count(cause)])), hard_deleted: count('hard_deleted'), hidden: count('hidden'),
    };
  }
  return null;
}
