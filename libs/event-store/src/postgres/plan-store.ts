import { parseWritten, stringifyExact } from '@clientele/contracts';
import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { and, desc, eq, inArray, lte, or, lt, sql, type SQL } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { NewPlan, Plan, PlanKind, PlanState } from '../plans.ts';
import { preparePlan } from '../prepared-requests.ts';
import { plans } from '../schema/index.ts';
import { storeError } from './errors.ts';

const shown = {
  id: plans.id, kind: plans.kind, source: plans.source, provider: plans.provider, entity: plans.entity, state: plans.state, cause: plans.cause,
  params: sql<string>`${plans.params}::text`, cursor: sql<string | null>`${plans.cursor}::text`, counters: sql<string>`${plans.counters}::text`,
  requestedBy: plans.requestedBy, createdAt: plans.createdAt, updatedAt: plans.updatedAt, finishedAt: plans.finishedAt,
};

const NOW = sql`clock_timestamp()`;
const FINISHED: readonly PlanState[] = ['done', 'failed', 'cancelled'];

/** Begins it, unless one of its id is there: then that one. @throws UnavailableError; RangeError for what cannot be stored. */
export async function createPlan(pool: pg.Pool, plan: NewPlan): Promise<Plan> {
  preparePlan(plan);
  const values = { ...plan, params: stringifyExact(plan.params) };
  const [made] = await guarded(() => drizzle(pool).insert(plans).values(values).onConflictDoNothing().returning(shown));
  const found = made === undefined ? await findPlan(pool, plan.id) : planOf(made);
  if (found === null) throw new Error(`plan ${plan.id} was there and is not`);
  return found;
}

/** @throws UnavailableError */
export async function findPlan(pool: pg.Pool, id: string): Promise<Plan | null> {
  const [row] = await guarded(() => drizzle(pool).select(shown).from(plans).where(eq(plans.id, id)));
  return row === undefined ? null : planOf(row);
}

export interface PlanQuery {
  readonly kinds?: readonly PlanKind[];
  readonly states?: readonly PlanState[];
  readonly source?: string;
  readonly entity?: string;
  /** Those that come after this one in the list. */
  readonly after?: Pick<Plan, 'createdAt' | 'id'>;
  /** Most plans to list (default 100). */
  readonly limit?: number;
}

/** Newest first. @throws UnavailableError */
export async function listPlans(pool: pg.Pool, query: PlanQuery = {}): Promise<Plan[]> {
  const { kinds, states, source, entity, after, limit = 100 } = query;
  const conditions: (SQL | undefined)[] = [
    kinds && inArray(plans.kind, [...kinds]), states && inArray(plans.state, [...states]),
    source === undefined ? undefined : eq(plans.source, source), entity === undefined ? undefined : eq(plans.entity, entity),
    after && or(lt(CREATED, after.createdAt), and(eq(CREATED, after.createdAt), lt(plans.id, after.id))),
  ];
  const rows = await guarded(() =>
    drizzle(pool).select(shown).from(plans).where(and(...conditions)).orderBy(desc(CREATED), desc(plans.id)).limit(limit));
  return rows.map(planOf);
}

/** As a `Date` tells it: a page goes on after a time that has no microseconds. */
const CREATED = sql<Date>`date_trunc('milliseconds', ${plans.createdAt})`;

/**
 * Takes the plan up under a lease: from now on nothing is saved to it under an older epoch. Null where it does not run, or belongs to a newer
 * owner.
 * @throws UnavailableError
 */
export async function claimPlan(pool: pg.Pool, id: string, leaseEpoch: number): Promise<Plan | null> {
  return await update(pool, { leaseEpoch }, [eq(plans.id, id), eq(plans.state, 'running'), lte(plans.leaseEpoch, leaseEpoch)]);
}

export interface PlanProgress {
  readonly cursor: JsonObject | null;
  readonly counters: Readonly<Record<string, number>>;
  /** Ends it. */
  readonly state?: 'done' | 'failed';
}

/** Null, and nothing saved, where the plan does not run any more (paused, cancelled) or has a newer owner: stop. @throws UnavailableError */
export async function savePlanProgress(pool: pg.Pool, id: string, leaseEpoch: number, progress: PlanProgress): Promise<Plan | null> {
  const { cursor, counters, state } = progress;
  const values = {
    leaseEpoch, updatedAt: NOW, cursor: cursor === null ? null : stringifyExact(cursor), counters: stringifyExact(counters),
    ...(state === undefined ? {} : { state, finishedAt: NOW }),
  };
  return await update(pool, values, [eq(plans.id, id), eq(plans.state, 'running'), lte(plans.leaseEpoch, leaseEpoch)]);
}

const MAY_BECOME: Readonly<Record<'paused' | 'running' | 'cancelled', readonly PlanState[]>> = {
  paused: ['running'], running: ['paused', 'failed'], cancelled: ['running', 'paused', 'failed'],
};

/** Pauses it, lets it go on from where it was, or gives it up. Null where it is in no state for that. @throws UnavailableError */
export async function setPlanState(pool: pg.Pool, id: string, state: keyof typeof MAY_BECOME): Promise<Plan | null> {
  const values = { state, updatedAt: NOW, finishedAt: FINISHED.includes(state) ? NOW : null };
  return await update(pool, values, [eq(plans.id, id), inArray(plans.state, [...MAY_BECOME[state]])]);
}

type Values = Parameters<ReturnType<typeof updates>['set']>[0];

async function update(pool: pg.Pool, values: Values, conditions: readonly SQL[]): Promise<Plan | null> {
  const [row] = await guarded(() => updates(pool).set(values).where(and(...conditions)).returning(shown));
  return row === undefined ? null : planOf(row);
}

function updates(pool: pg.Pool) {
  return drizzle(pool).update(plans);
}

interface PlanRow extends Omit<Plan, 'params' | 'cursor' | 'counters'> {
  readonly params: string;
  readonly cursor: string | null;
  readonly counters: string;
}

function planOf(row: PlanRow): Plan {
  const counters = Object.entries(objectOf(row.counters)).map(([name, count]): [string, number] => [name, Number(count)]);
  return { ...row, params: objectOf(row.params), cursor: row.cursor === null ? null : objectOf(row.cursor), counters: Object.fromEntries(counters) };
}

function objectOf(text: string): JsonObject {
  const value: Json = parseWritten(text);
  if (!isJsonObject(value)) throw new TypeError(`a plan holds what is no object: ${text}`);
  return value;
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, 'a plan');
  }
}
