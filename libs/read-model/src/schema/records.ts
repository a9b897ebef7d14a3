import { sql } from 'drizzle-orm';
import { boolean, index, integer, text, uuid } from 'drizzle-orm/pg-core';
import { jsonDocument, logPosition, moment, searchVector } from './column-types.ts';
import { clientele, published } from './schemas.ts';

/** Every aggregate of every type, one row each. */
export const records2 = clientele.table(
  'records_2',
  {
    /** The aggregate id. */
    id: uuid('id').primaryKey(),
    /** The aggregate type, as the first event named it. */
    type: text('type').notNull(),
    /** Whose words the fields are: with the entity, the key to the mapping. */
    provider: text('provider').notNull(),
    source: text('source').notNull(),
    entity: text('entity').notNull(),
    externalId: text('external_id').notNull(),
    version: integer('version').notNull(),
    lifecycle: text('lifecycle', { enum: ['active', 'deleted'] }).notNull(),
    complete: boolean('complete').notNull(),
    dirtySince: moment('dirty_since'),
    status: text('status'),
    /** The record of the same source that this one was merged into; which record of ours that is, is looked up when read. */
    survivorEntity: text('survivor_entity'),
    survivorExternalId: text('survivor_external_id'),
    /** What is shown: nested, in our names. */
    fields: jsonDocument('fields').notNull(),
    /** The same in the source's own names; null where the mapping renames nothing, so that both are one. */
    sourceFields: jsonDocument('source_fields'),
    /** `[{field, source, entity, external_id, aggregate_type}]`; whom they mean is looked up when read. */
    externalReferences: jsonDocument('external_references').notNull(),
    /** Of a record that was converted: what it became, in the same form. */
    convertedInto: jsonDocument('converted_into'),
    /** The same as keys, see `conversionKey`, for whoever asks what became a record. */
    conversionKeys: text('conversion_keys').array(),
    /** The folded state with its clocks (`encodeRecord`): what the next event is applied to. */
    state: jsonDocument('state').notNull(),
    /** The words of the record, see `searchTerms`. */
    search: searchVector('search').notNull(),
    /** The earliest and the latest time, by the source's account, at which the record changed. */
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    /** The last event that is in the row. */
    position: logPosition('position').notNull(),
  },
  (table) => [
    // Not unique: an external id may move to another record. External id first, for the filter on it alone and the look-up of a reference.
    index('records_2_external_id').on(table.externalId, table.source, table.entity),
    index('records_2_updated_at').on(table.type, table.updatedAt, table.id),
    index('records_2_created_at').on(table.type, table.createdAt, table.id),
    // A source may keep whatever text in the field that is the status; an index takes 2,704 bytes, and the filter 255 characters.
    index('records_2_status').on(table.type, sql`left(${table.status}, 255)`, table.updatedAt, table.id),
    index('records_2_search').using('gin', table.search),
    index('records_2_conversions').using('gin', table.conversionKeys).where(sql`${table.conversionKeys} is not null`),
    // What people look after: few records of many.
    index('records_2_dirty').on(table.type, table.updatedAt, table.id).where(sql`${table.dirtySince} is not null`),
    index('records_2_incomplete').on(table.type, table.updatedAt, table.id).where(sql`not ${table.complete}`),
    index('records_2_superseded').on(table.type, table.updatedAt, table.id).where(sql`${table.survivorExternalId} is not null`),
  ],
);

/** The version of the records that is served. Documents are text, so that no reader's driver parses them. */
export const records = published
  .view('records', {
    id: uuid('id').notNull(),
    type: text('type').notNull(),
    source: text('source').notNull(),
    entity: text('entity').notNull(),
    externalId: text('external_id').notNull(),
    version: integer('version').notNull(),
    lifecycle: text('lifecycle', { enum: ['active', 'deleted'] }).notNull(),
    complete: boolean('complete').notNull(),
    dirtySince: moment('dirty_since'),
    status: text('status'),
    /** Always null, and read by nobody but query services of the version before. */
    supersededBy: uuid('superseded_by'),
    fields: text('fields').notNull(),
    sourceFields: text('source_fields'),
    externalReferences: text('external_references').notNull(),
    search: searchVector('search').notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    position: logPosition('position').notNull(),
    survivorEntity: text('survivor_entity'),
    survivorExternalId: text('survivor_external_id'),
    convertedInto: text('converted_into'),
    conversionKeys: text('conversion_keys').array(),
  })
  .existing();

/** A record as it is read; `convertedFrom`: JSON text of the records that became it, `{aggregate_type, aggregate_id, source, entity, external_id}` each. */
export type RecordRow = Omit<typeof records.$inferSelect, 'search' | 'supersededBy' | 'conversionKeys'> & { readonly convertedFrom: string | null };
