import { bigint, integer, uuid } from 'drizzle-orm/pg-core';
import { clientele, exactJson, moment } from './namespace.ts';

/**
 * The state of long streams at some version, so that not all of their events need be read: a cache, which may be emptied at any time, and
 * from which an erased record must be taken out.
 */
export const snapshots = clientele.table('snapshots', {
  streamId: uuid('stream_id').primaryKey(),
  version: bigint('version', { mode: 'number' }).notNull(),
  /** Of the state's form and meaning; another than the reader's is as none. */
  schemaVersion: integer('schema_version').notNull(),
  state: exactJson('state').notNull(),
  recordedAt: moment('recorded_at').notNull(),
});
