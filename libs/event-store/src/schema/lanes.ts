import { bigint, boolean, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { clientele, moment } from './namespace.ts';

/** How far each lane is decided, and the lease epoch that may move it. */
export const laneCheckpoints = clientele.table('lane_checkpoints', {
  lane: text('lane').primaryKey(),
  epoch: bigint('epoch', { mode: 'number' }).notNull(),
  /** Both null before the lane's first message. */
  incarnation: text('incarnation'),
  sequence: bigint('sequence', { mode: 'number' }),
  /** Messages behind the checkpoint, as last seen. */
  pending: bigint('pending', { mode: 'number' }).notNull().default(0),
  movedAt: moment('moved_at').notNull().default(sql`clock_timestamp()`),
});

/** The number of each publisher's next change that a lane has not counted. */
export const lanePublishers = clientele.table(
  'lane_publishers',
  {
    lane: text('lane').notNull(),
    publisher: text('publisher').notNull(),
    nextNumber: bigint('next_number', { mode: 'number' }).notNull(),
    movedAt: moment('moved_at').notNull(),
  },
  (table) => [primaryKey({ name: 'lane_publishers_pkey', columns: [table.lane, table.publisher] })],
);

export const leases = clientele.table('leases', {
  name: text('name').primaryKey(),
  owner: uuid('owner'),
  epoch: bigint('epoch', { mode: 'number' }).notNull().default(0),
  expiresAt: moment('expires_at').notNull().default(sql`'-infinity'`),
});

export const leaseMembers = clientele.table(
  'lease_members',
  {
    pool: text('pool').notNull(),
    member: uuid('member').notNull(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [primaryKey({ name: 'lease_members_pkey', columns: [table.pool, table.member] })],
);

/** One row: what the relay must know after a restart. */
export const relayState = clientele.table('relay_state', {
  singleton: boolean('singleton').primaryKey().default(true),
  /** Goes into message ids; one more each time that the stream is filled again. */
  rebuildEpoch: bigint('rebuild_epoch', { mode: 'number' }).notNull().default(0),
  /** The newest position known to be published; the stream's own last message is the truth. */
  lastPublished: bigint('last_published', { mode: 'number' }).notNull().default(0),
  /** The newest lease epoch that wrote here: an older one is fenced off. */
  leaseEpoch: bigint('lease_epoch', { mode: 'number' }).notNull().default(0),
  updatedAt: moment('updated_at').notNull().default(sql`clock_timestamp()`),
});
