import { stringifyExact } from '@clientele/contracts';
import type { JsonObject } from '@clientele/domain';
import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** Where a step goes on: the step's own business. */
export const Place = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]));
export type Place = Static<typeof Place>;

/** Where a plan goes on. */
export const PlanCursor = Type.Object(
  {
    /** The task that is next, among the plan's. */
    task: Type.Integer({ minimum: 0 }),
    /** Inside it; null: from its beginning. */
    place: Type.Union([Place, Type.Null()]),
    /** The last commands that were sent, one a lane: when they are decided, all are. */
    sent: Type.Array(Type.String()),
    /** Entities that could not be read, and why. */
    failed: Type.Record(Type.String(), Type.String()),
    /** What is left to do of a plan that failed and was resumed; null: all entities. */
    only: Type.Union([Type.Array(Type.String()), Type.Null()]),
    /** Repairs that had not begun when this one did, and ask for nothing that it does not read: they are done when it is. */
    covers: Type.Array(Type.String()),
    /** Why it waits just now. */
    trouble: Type.Union([Type.Object({ message: Type.String(), until: Type.Union([Type.String(), Type.Null()]) }), Type.Null()]),
  },
  { additionalProperties: false },
);
export type PlanCursor = Static<typeof PlanCursor>;

export const BEGINNING: PlanCursor = { task: 0, place: null, sent: [], failed: {}, only: null, covers: [], trouble: null };

/** Whether a plan has done anything yet. One that only waits has a cursor too, which says why. */
export function hasBegun(kept: JsonObject | null): boolean {
  if (kept === null) return false;
  if (!Value.Check(PlanCursor, kept)) return true;
  const { task, place, sent, failed, only } = kept;
  return task > 0 || place !== null || sent.length > 0 || Object.keys(failed).length > 0 || only !== null;
}

/** @throws TypeError where it is not what a plan keeps. */
export function planCursor(kept: JsonObject | null): PlanCursor {
  if (kept === null) return BEGINNING;
  if (!Value.Check(PlanCursor, kept)) throw new TypeError(`a plan stands where none can: ${stringifyExact(kept).slice(0, 300)}`);
  return kept;
}
