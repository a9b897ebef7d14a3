import type { Outcome } from '@clientele/contracts';
import { sql } from 'drizzle-orm';
import { bigint, date, index, integer, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { clientele, exactJson, moment } from './namespace.ts';

/** One row a command: the index of change ids. Partitioned by day; kept 15 days, parked work until it is done. */
export const ledger = clientele.table(
  'ledger',
  {
    commandId: text('command_id').notNull(),
    /** The UTC day that the id begins with. */
    day: date('day', { mode: 'string' }).notNull(),
    commandType: text('command_type').notNull(),
    provider: text('provider').notNull(),
    source: text('source'),
    outcome: text('outcome').$type<Outcome>().notNull(),
    reason: text('reason'),
    errors: exactJson('errors').notNull(),
    aggregateId: uuid('aggregate_id'),
    /** How often the command came again. */
    repeats: integer('repeats').notNull().default(0),
    receivedAt: moment('received_at').notNull(),
    decidedAt: moment('decided_at').notNull(),
    /** The whole command, for work that is taken up again. */
    payload: exactJson('payload'),
    /** When a parked command is taken up again by itself; null: not by itself. */
    nextAttemptAt: moment('next_attempt_at'),
    /** How often it was taken up again. */
    attempts: integer('attempts').notNull().default(0),
    /** The record that it is about, where the command waits. */
    entity: text('entity'),
    externalId: text('external_id'),
    /** When, and by whom, a quarantined body was sent in again: it makes new changes, and the row stays. */
    resubmittedAt: moment('resubmitted_at'),
    resubmittedBy: text('resubmitted_by'),
  },
  (table) => [
    primaryKey({ name: 'ledger_pkey', columns: [table.commandId, table.day] }),
    /** Work that waits for somebody, newest first; few rows among very many. */
    index('ledger_waiting').on(table.decidedAt.desc(), table.commandId.desc()).where(sql`${table.outcome} in ('parked', 'quarantined')`),
    // The same for one reason. All that groups are made of is there too, so that counting them reads no row.
    index('ledger_waiting_reason')
      .on(table.reason, table.decidedAt.desc(), table.commandId.desc(), table.outcome, table.provider, table.source, table.entity, table.receivedAt)
      .where(sql`${table.outcome} in ('parked', 'quarantined')`),
    index('ledger_waiting_record').on(table.source, table.entity, table.externalId).where(sql`${table.outcome} in ('parked', 'quarantined')`),
    index('ledger_due').on(table.nextAttemptAt, table.commandId).where(sql`${table.outcome} = 'parked' and ${table.nextAttemptAt} is not null`),
  ],
);

/** Payloads of parked commands as they were before somebody edited them. */
export const ledgerEdits = clientele.table(
  'ledger_edits',
  {
    commandId: text('command_id').notNull(),
    day: date('day', { mode: 'string' }).notNull(),
    editedAt: moment('edited_at').notNull(),
    editor: text('editor').notNull(),
    reason: text('reason').notNull(),
    payload: exactJson('payload'),
  },
  (table) => [primaryKey({ name: 'ledger_edits_pkey', columns: [table.commandId, table.day, table.editedAt] })],
);

/** Rows that the ledger ever had, less those deleted otherwise than by expiry: kept by triggers on the ledger. */
export const ledgerCounts = clientele.table(
  'ledger_counts',
  {
    /** '' where it is not known. */
    source: text('source').notNull(),
    outcome: text('outcome').$type<Outcome>().notNull(),
    rows: bigint('rows', { mode: 'number' }).notNull(),
    /** What kind of command: of a feed, the answer to a read, or an order about other commands. */
    kind: text('kind', { enum: ['change', 'read', 'order'] }).notNull().default('change'),
  },
  (table) => [primaryKey({ name: 'ledger_counts_pkey', columns: [table.source, table.kind, table.outcome] })],
);

/** What came in by each source, up to the lanes' checkpoints: counted without a look at the ledger's rows. */
export const acceptedCounts = clientele.table('accepted_counts', {
  /** '' where it is not known. */
  source: text('source').primaryKey(),
  /** By the numbers that publishers put on their envelopes. */
  accepted: bigint('accepted', { mode: 'number' }).notNull().default(0),
  /** Numbers that never arrived, beside `accepted`. */
  lost: bigint('lost', { mode: 'number' }).notNull().default(0),
  repeats: bigint('repeats', { mode: 'number' }).notNull().default(0),
});
