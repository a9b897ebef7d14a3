import { draftForAll } from '../drafts.ts';
import { ENTITIES, type Draw, type EntitySpec } from '../entities/index.ts';
import { OVERFLOW_ID, type OrgChange } from '../org-change.ts';
import type { Moment } from '../org-record.ts';
import type { OrgRecords } from '../org-records.ts';
import type { Random } from '../random.ts';

/** One field of up to `size` records of an entity is set, each tenth of them deleted instead, with what hangs on it. */
export function massChange(records: OrgRecords, random: Random, moment: Moment, draw: Draw, size: number): OrgChange[] {
  const { name, fields } = random.pick(ENTITIES);
  const write = draftForAll(random.pick(fields), draw);
  return records.live(name).drawSome(random, size).flatMap((record) => {
    if (record.deleted || record.spec.fields.every(({ path }) => path !== write.path)) return [];
    return random.chance(0.1) ? records.delete(record, moment) : records.update(record, [write], moment);
  });
}

/** Announces the first changes up to the threshold, and of the others that there are some, entity by entity. */
export function overflowing(changes: readonly OrgChange[], threshold: number): { announced: OrgChange[]; hidden: OrgChange[] } {
  let counted = 0;
  const announced: OrgChange[] = [];
  const hidden: OrgChange[] = [];
  for (const change of changes) {
    counted += change.changeType === 'UPDATE' ? change.changedFields.length : 1;
    (counted > threshold ? hidden : announced).push(change);
  }
  const last = new Map(hidden.map((change) => [change.entity, change]));
  return { announced: [...announced, ...Array.from(last.values(), overflow)], hidden };
}

/** A field's type is changed: its values go. */
export function convertField(records: OrgRecords, random: Random, moment: Moment): OrgChange[] {
  const { name, prefix, fields } = random.pick(ENTITIES);
  const { path } = random.pick(lossy(fields));
  records.loseField(name, path);
  return [{ entity: name, recordId: `${prefix}*`, changeType: 'UPDATE', commitTimestamp: moment.stamp, body: {}, changedFields: [] }];
}

function lossy(fields: EntitySpec['fields']): EntitySpec['fields'] {
  return fields.filter(({ path, filled }) => filled < 1 && !path.includes('.') && path !== 'AccountId' && path !== 'ParentId');
}

function overflow({ entity, commitTimestamp }: OrgChange): OrgChange {
  return { entity, recordId: OVERFLOW_ID, changeType: 'GAP_OVERFLOW', commitTimestamp, body: {}, changedFields: [] };
}
