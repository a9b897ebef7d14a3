import { date, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { jsonDocument, logPosition, moment } from './column-types.ts';
import { clientele, published } from './schemas.ts';

/**
 * What became of each change: one row a change id, partitioned by the day that begins the id. Kept as long as the projector is told to
 * (`clientele.maintain_changes`); what is parked is kept for good.
 */
export const changes1 = clientele.table(
  'changes_1',
  {
    day: date('day', { mode: 'string' }).notNull(),
    id: text('id').notNull(),
    eventType: text('event_type'),
    provider: text('provider').notNull(),
    source: text('source').notNull(),
    entity: text('entity').notNull(),
    aggregateType: text('aggregate_type'),
    externalId: text('external_id'),
    /** What the change carried: nested, in the source's own names. */
    data: jsonDocument('data').notNull(),
    /** `ChangeMetadata`. */
    metadata: jsonDocument('metadata').notNull(),
    occurredAt: moment('occurred_at').notNull(),
    status: text('status', { enum: ['accepted', 'parked', 'processed'] }).notNull(),
    outcome: text('outcome'),
    reason: text('reason'),
    /** `Finding[]`, both. */
    errors: jsonDocument('errors').notNull(),
    warnings: jsonDocument('warnings').notNull(),
    receivedAt: moment('received_at').notNull(),
    processedAt: moment('processed_at'),
    aggregateId: uuid('aggregate_id'),
    /** The last log entry of the change. */
    position: logPosition('position').notNull(),
    /** When that entry was recorded: what retention goes by outside the daily partitions. */
    recordedAt: moment('recorded_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.day, table.id] })],
);

/** The version of the changes that is served. Ask by `day` (see `dayOfChange`) and `id` together. */
export const changes = published
  .view('changes', {
    day: date('day', { mode: 'string' }).notNull(),
    id: text('id').notNull(),
    eventType: text('event_type'),
    provider: text('provider').notNull(),
    source: text('source').notNull(),
    entity: text('entity').notNull(),
    aggregateType: text('aggregate_type'),
    externalId: text('external_id'),
    data: text('data').notNull(),
    metadata: text('metadata').notNull(),
    occurredAt: moment('occurred_at').notNull(),
    status: text('status', { enum: ['accepted', 'parked', 'processed'] }).notNull(),
    outcome: text('outcome'),
    reason: text('reason'),
    errors: text('errors').notNull(),
    warnings: text('warnings').notNull(),
    receivedAt: moment('received_at').notNull(),
    processedAt: moment('processed_at'),
    aggregateId: uuid('aggregate_id'),
    position: logPosition('position').notNull(),
  })
  .existing();

export type ChangeRow = typeof changes.$inferSelect;
