import { bigint, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { logPosition, moment } from './column-types.ts';
import { clientele, published } from './schemas.ts';

/** The views by name, and which version of each is served. Another version can be built beside it and take its place. */
export const projections = clientele.table('projections', {
  name: text('name').primaryKey(),
  activeVersion: integer('active_version').notNull(),
});

/** How far each version of each view has come; moved in the transaction that changes the view. */
export const projectionCheckpoints = clientele.table(
  'projection_checkpoints',
  {
    name: text('name').notNull(),
    version: integer('version').notNull(),
    /** The log that was read; null before the first entry. */
    incarnation: text('incarnation'),
    position: logPosition('position').notNull().default('0'),
    /** The lease's epoch: whoever holds an older one cannot move the checkpoint, and so commits nothing. */
    epoch: bigint('epoch', { mode: 'number' }).notNull().default(0),
    /** When the entry at `position` was recorded in the log. */
    recordedAt: moment('recorded_at'),
    updatedAt: moment('updated_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.name, table.version] })],
);

/** Rows of a view that an entry could not be applied to: they stand still, in that view alone, until it is rebuilt. */
export const parkedRows = clientele.table(
  'parked_rows',
  {
    name: text('name').notNull(),
    version: integer('version').notNull(),
    /** The key of the row in its view. */
    key: text('key').notNull(),
    /** The entry that failed. */
    position: logPosition('position').notNull(),
    reason: text('reason').notNull(),
    /** Entries for the same row that came later and wait with it, and the last of them. */
    waiting: integer('waiting').notNull().default(0),
    lastPosition: logPosition('last_position').notNull(),
    parkedAt: moment('parked_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.name, table.version, table.key] })],
);

/** How far the served version of each view has come. */
export const checkpoints = published
  .view('checkpoints', {
    name: text('name').notNull(),
    incarnation: text('incarnation'),
    position: logPosition('position').notNull(),
    recordedAt: moment('recorded_at'),
    updatedAt: moment('updated_at').notNull(),
  })
  .existing();
