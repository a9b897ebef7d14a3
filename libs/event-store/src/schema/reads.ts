import { sql } from 'drizzle-orm';
import { bigint, index, integer, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { clientele, moment } from './namespace.ts';

/**
 * Records that are to be read at their provider, one row each. A row goes when a read that begins after `since` was decided; so the table
 * holds what is wanted now, and what was given up.
 */
export const reads = clientele.table(
  'reads',
  {
    source: text('source').notNull(),
    entity: text('entity').notNull(),
    externalId: text('external_id').notNull(),
    provider: text('provider').notNull(),
    reason: text('reason').notNull(),
    /** The reason's place among `READ_LANES`, the most urgent 0. */
    lane: integer('lane').notNull(),
    /** The latest clock that was told; compared by code unit. */
    since: text('since').notNull(),
    notBefore: moment('not_before').notNull(),
    /** When it was first asked for. */
    requestedAt: moment('requested_at').notNull(),
    takenAt: moment('taken_at'),
    takenUntil: moment('taken_until'),
    /** How often it was taken since it was last read. */
    attempts: integer('attempts').notNull().default(0),
    state: text('state', { enum: ['open', 'taken', 'given_up'] }).notNull().default('open'),
    lastError: text('last_error'),
    /** When it may be taken, for the first time or again; null where it was given up. */
    dueAt: moment('due_at').generatedAlwaysAs(sql`case state when 'open' then not_before when 'taken' then taken_until end`),
  },
  (table) => [
    primaryKey({ name: 'reads_pkey', columns: [table.source, table.entity, table.externalId] }),
    index('reads_due').on(table.source, table.lane, table.dueAt),
  ],
);

/** What is known of a source beside its records. */
export const sources = clientele.table('sources', {
  source: text('source').primaryKey(),
  provider: text('provider').notNull(),
  /** Of its commit numbers: another one means that the source was moved, and its numbers with it. */
  generation: text('generation'),
  /** Commit time of the latest change that was seen. */
  lastChangeAt: moment('last_change_at'),
  connectedAt: moment('connected_at').notNull().default(sql`clock_timestamp()`),
  /** The plan that reads all of its records at the beginning. */
  loadPlan: uuid('load_plan'),
  /** The newest number that a reader drew for a read. */
  readNumber: bigint('read_number', { mode: 'number' }).notNull().default(0),
  /** The newest lease epoch that drew one: an older one is fenced off. */
  leaseEpoch: bigint('lease_epoch', { mode: 'number' }).notNull().default(0),
  /** API calls that the account has in 24 hours, as the provider told last. */
  quotaMax: bigint('quota_max', { mode: 'number' }),
});

/** Calls that we made to a source's API, by the hour: what may be spent is counted over 24 of them. */
export const apiCalls = clientele.table(
  'api_calls',
  {
    source: text('source').notNull(),
    hour: moment('hour').notNull(),
    /** One of `READ_LANES`. */
    lane: text('lane').notNull(),
    calls: bigint('calls', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ name: 'api_calls_pkey', columns: [table.source, table.hour, table.lane] })],
);
