import { sql } from 'drizzle-orm';
import { bigint, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { moment } from './column-types.ts';
import { clientele } from './schemas.ts';

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
  (table) => [primaryKey({ columns: [table.pool, table.member] })],
);
