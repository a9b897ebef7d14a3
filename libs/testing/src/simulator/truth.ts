import type { Json } from '@clientele/domain';
import type { EntitySpec } from './entities/index.ts';
import type { OrgRecord } from './org-record.ts';
import type { OrgRecords } from './org-records.ts';

export interface TrueKey {
  readonly entity: EntitySpec['name'];
  readonly externalId: string;
}

/** A record as the org has it in the end, in the org's own field names; fields without a value, and formulas, are absent. */
export interface TrueRecord extends TrueKey {
  readonly lifecycle: 'active' | 'deleted';
  /** By path; of a deleted record, as it was when it was deleted. */
  readonly fields: ReadonlyMap<string, Json>;
  /** The record that it was merged into (`MasterRecordId`), which may have been merged or deleted since; null or absent: none. */
  readonly supersededBy?: TrueKey | null;
  /** What a lead became, by the fields that say so; absent: nothing. */
  readonly convertedInto?: readonly (TrueKey & { readonly field: string })[];
  /** Present: it is gone from the recycle bin too, so queries no longer know it. */
  readonly purged?: true;
  /** What the org computes, by path; present where it does. */
  readonly formulas?: ReadonlyMap<string, Json>;
}

const CONVERTED: readonly { readonly field: string; readonly entity: EntitySpec['name'] }[] = [
  { field: 'ConvertedAccountId', entity: 'Account' }, { field: 'ConvertedContactId', entity: 'Contact' }, { field: 'ConvertedOpportunityId', entity: 'Opportunity' },
];

export function trueRecord(record: OrgRecord, records: OrgRecords): TrueRecord {
  const { spec, id, fields, deleted, purged, master } = record;
  const formulas = records.formulas(record);
  const convertedInto = CONVERTED.flatMap(({ field, entity }) => {
    const externalId = fields.get(field);
    return typeof externalId === 'string' ? [{ field, entity, externalId }] : [];
  });
  return {
    entity: spec.name, externalId: id, lifecycle: deleted ? 'deleted' : 'active', fields: new Map(fields),
    ...(master === null ? {} : { supersededBy: { entity: master.spec.name, externalId: master.id } }),
    ...(convertedInto.length === 0 ? {} : { convertedInto }),
    ...(purged ? { purged } : {}),
    ...(formulas.length === 0 ? {} : { formulas: new Map(formulas.map(({ path, value }) => [path, value])) }),
  };
}
