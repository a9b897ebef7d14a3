import type { JsonObject } from '@clientele/domain';

export const PLAN_KINDS = ['repair', 'load', 'window', 'reconciliation', 'redrive'] as const;
export type PlanKind = (typeof PLAN_KINDS)[number];

export const PLAN_STATES = ['running', 'paused', 'done', 'failed', 'cancelled'] as const;
export type PlanState = (typeof PLAN_STATES)[number];

/** Long work to be begun. One whose id is there already is the same: an id derived from what it is about makes several requests one. */
export interface NewPlan {
  /** A UUID. */
  readonly id: string;
  readonly kind: PlanKind;
  /** Null where it is about more than one: a redrive of several sources. */
  readonly source: string | null;
  readonly provider: string | null;
  readonly entity: string | null;
  /** What it came from: a change id, `connected`, a person's reason. */
  readonly cause: string;
  readonly params: JsonObject;
  /** A key's name, or a part of this system. */
  readonly requestedBy: string;
}

/** Work that goes on where it was, whoever takes it up. */
export interface Plan extends NewPlan {
  readonly state: PlanState;
  /** Where it goes on; null before its first step. */
  readonly cursor: JsonObject | null;
  readonly counters: Readonly<Record<string, number>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When it was done, failed or cancelled. */
  readonly finishedAt: Date | null;
}
