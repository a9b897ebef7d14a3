import { sql } from 'drizzle-orm';
import { bigint, text, uuid } from 'drizzle-orm/pg-core';
import { PLAN_KINDS, PLAN_STATES } from '../plans.ts';
import { clientele, exactJson, moment } from './namespace.ts';

/** Long work that is done in steps and goes on after a crash. Finished plans are kept 30 days. */
export const plans = clientele.table('plans', {
  id: uuid('id').primaryKey(),
  kind: text('kind', { enum: PLAN_KINDS }).notNull(),
  source: text('source'),
  provider: text('provider'),
  entity: text('entity'),
  state: text('state', { enum: PLAN_STATES }).notNull().default('running'),
  cause: text('cause').notNull(),
  params: exactJson('params').notNull(),
  cursor: exactJson('cursor'),
  counters: exactJson('counters').notNull().default('{}'),
  requestedBy: text('requested_by').notNull(),
  createdAt: moment('created_at').notNull().default(sql`clock_timestamp()`),
  updatedAt: moment('updated_at').notNull().default(sql`clock_timestamp()`),
  finishedAt: moment('finished_at'),
  /** The newest lease epoch that worked at it: an older one is fenced off. */
  leaseEpoch: bigint('lease_epoch', { mode: 'number' }).notNull().default(0),
});
