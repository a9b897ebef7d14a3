import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { clientele, exactJson, moment } from './namespace.ts';

/** One row: the newest position, under whose lock every append draws its own. */
export const logHead = clientele.table(
  'log_head',
  {
    singleton: boolean('singleton').primaryKey().default(true),
    /** Another one after a restore, so that no reader takes the new history for the old. */
    incarnation: uuid('incarnation').notNull().defaultRandom(),
    position: bigint('position', { mode: 'number' }).notNull().default(0),
    /** The first position that no partition of `events` holds yet. */
    partitionedTo: bigint('partitioned_to', { mode: 'number' }).notNull().default(0),
    /** Number of command lanes; null until it is first told. Fixed for the life of the log. */
    lanes: integer('lanes'),
  },
  (table) => [check('log_head_singleton', sql`${table.singleton}`)],
);

/** The log: domain events, and outcomes of changes that made none. Partitioned by position. */
export const events = clientele.table(
  'events',
  {
    position: bigint('position', { mode: 'number' }).primaryKey(),
    id: uuid('id').notNull(),
    kind: text('kind', { enum: ['event', 'outcome'] }).notNull(),
    streamId: uuid('stream_id'),
    streamType: text('stream_type'),
    version: bigint('version', { mode: 'number' }),
    /** The event's type, or the outcome. */
    type: text('type').notNull(),
    schemaVersion: integer('schema_version').notNull(),
    data: exactJson('data').notNull(),
    /** What of the data is personal, apart so that erasure takes it out in place. */
    personal: exactJson('personal'),
    metadata: exactJson('metadata').notNull(),
    occurredAt: moment('occurred_at'),
    recordedAt: moment('recorded_at').notNull(),
  },
  // No further constraints: each would be parsed again by every insert, and append_group is the only writer.
  (table) => [index('events_stream').on(table.streamId, table.version).where(sql`${table.streamId} is not null`)],
);

/** The authority on versions; the positions bound where a stream's events lie, so that reads leave other partitions alone. */
export const heads = clientele.table('heads', {
  streamId: uuid('stream_id').primaryKey(),
  streamType: text('stream_type').notNull(),
  version: bigint('version', { mode: 'number' }).notNull(),
  firstPosition: bigint('first_position', { mode: 'number' }).notNull(),
  lastPosition: bigint('last_position', { mode: 'number' }).notNull(),
});

/** What makes a repeated append return its first positions. Kept 15 days. */
export const appendResults = clientele.table(
  'append_results',
  {
    commandId: text('command_id').notNull(),
    streamId: uuid('stream_id').notNull(),
    firstPosition: bigint('first_position', { mode: 'number' }).notNull(),
    lastPosition: bigint('last_position', { mode: 'number' }).notNull(),
    version: bigint('version', { mode: 'number' }).notNull(),
    recordedAt: moment('recorded_at').notNull(),
  },
  // No index by time: ids begin with their day, and old ones are found by that.
  (table) => [primaryKey({ name: 'append_results_pkey', columns: [table.commandId, table.streamId] })],
);

/** A source's name for a record -> our id of it. */
export const mappings = clientele.table(
  'mappings',
  {
    source: text('source').notNull(),
    entity: text('entity').notNull(),
    externalId: text('external_id').notNull(),
    aggregateId: uuid('aggregate_id').notNull(),
    linkedAt: moment('linked_at').notNull(),
    linkedBy: text('linked_by').notNull(),
  },
  (table) => [primaryKey({ name: 'mappings_pkey', columns: [table.source, table.entity, table.externalId] })],
);
