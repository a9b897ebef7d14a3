import { composeFields, type FieldWrite, type Json } from '@clientele/domain';
import { ENTITIES, type Draw, type EntitySpec } from './entities/index.ts';
import type { OrgChange } from './org-change.ts';
import { Pool } from './pool.ts';
import type { Random } from './random.ts';
import { recordId } from './record-id.ts';

/** A record as the org holds it: leaves that have a value, by the paths of change events. */
export interface OrgRecord {
  readonly spec: EntitySpec;
  readonly id: string;
  readonly fields: Map<string, Json>;
  deleted: boolean;
}

/** When and by whom something is done. */
export interface Moment {
  /** `2025-04-24T13:18:26.000Z`. */
  readonly time: string;
  readonly user: string;
}

/** The org's tables and its recycle bin. Every operation gives the changes that its event would carry. */
export class OrgRecords {
  readonly all: OrgRecord[] = [];
  readonly #live = new Map<EntitySpec['name'], Pool<OrgRecord>>(ENTITIES.map(({ name }) => [name, new Pool()]));
  readonly #children = new Map<string, Set<OrgRecord>>();
  readonly #bin = new Pool<OrgRecord[]>();
  readonly #pod: string;

  /** @param pod three characters that all ids of the org share. */
  constructor(pod: string) {
    this.#pod = pod;
  }

  live(entity: EntitySpec['name']): Pool<OrgRecord> {
    const pool = this.#live.get(entity);
    if (pool === undefined) throw new RangeError(`no table ${entity}`);
    return pool;
  }

  get deletions(): number {
    return this.#bin.size;
  }

  create(spec: EntitySpec, moment: Moment, draw: Draw): OrgChange {
    const record: OrgRecord = { spec, id: recordId(spec.prefix, this.#pod, this.all.length + 1), fields: new Map(), deleted: false };
    for (const { path, make, filled } of spec.fields) if (draw.random.chance(filled)) this.#set(record, { path, value: make(draw) });
    for (const path of ['CreatedDate', 'LastModifiedDate']) this.#set(record, { path, value: moment.time });
    for (const path of ['OwnerId', 'CreatedById', 'LastModifiedById']) this.#set(record, { path, value: moment.user });
    this.all.push(record);
    this.live(spec.name).add(record);
    return wholeRecord('CREATE', record);
  }

  /** A null at a compound field clears its components. `LastModifiedById` is only told when it changes. */
  update(record: OrgRecord, writes: readonly FieldWrite[], moment: Moment): OrgChange {
    const stamps = [{ path: 'LastModifiedDate', value: moment.time }];
    if (record.fields.get('LastModifiedById') !== moment.user) stamps.push({ path: 'LastModifiedById', value: moment.user });
    const cleared = writes.flatMap(({ path, value }) => (value === null ? this.#below(record, path) : []));
    const told = [...writes, ...stamps];
    for (const write of told) this.#set(record, write);
    // The relay names components, also where the body says in one word that they are all gone.
    const changedFields = told.flatMap(({ path, value }) => (value === null && cleared.some((leaf) => leaf.startsWith(`${path}.`)) ? [] : [path]));
    return { entity: record.spec.name, recordId: record.id, changeType: 'UPDATE', body: composeFields(told), changedFields: [...changedFields, ...cleared].sort() };
  }

  /** Deletes a record and, of an account, its contacts and opportunities. */
  delete(record: OrgRecord): OrgChange[] {
    const gone = [record, ...(this.#children.get(record.id) ?? [])].filter(({ deleted }) => !deleted);
    for (const each of gone) {
      each.deleted = true;
      this.live(each.spec.name).remove(each);
    }
    this.#bin.add(gone);
    return gone.map(({ spec, id }) => ({ entity: spec.name, recordId: id, changeType: 'DELETE', body: {}, changedFields: [] }));
  }

  /** Takes one deletion back, with all that went with it. @throws RangeError when nothing was deleted. */
  undelete(random: Random, moment: Moment): OrgChange[] {
    const back = this.#bin.draw(random);
    this.#bin.remove(back);
    return back.map((record) => {
      record.deleted = false;
      this.live(record.spec.name).add(record);
      this.#set(record, { path: 'LastModifiedDate', value: moment.time });
      this.#set(record, { path: 'LastModifiedById', value: moment.user });
      return wholeRecord('UNDELETE', record);
    });
  }

  #set(record: OrgRecord, { path, value }: FieldWrite): void {
    if (path === 'AccountId') this.#move(record, value);
    if (value === null) for (const leaf of [path, ...this.#below(record, path)]) record.fields.delete(leaf);
    else record.fields.set(path, value);
  }

  #move(record: OrgRecord, account: Json): void {
    const before = record.fields.get('AccountId');
    if (typeof before === 'string') this.#children.get(before)?.delete(record);
    if (typeof account !== 'string') return;
    const siblings = this.#children.get(account) ?? new Set();
    this.#children.set(account, siblings.add(record));
  }

  #below(record: OrgRecord, path: string): string[] {
    return [...record.fields.keys()].filter((leaf) => leaf.startsWith(`${path}.`));
  }
}

function wholeRecord(changeType: 'CREATE' | 'UNDELETE', record: OrgRecord): OrgChange {
  const fields = Array.from(record.fields, ([path, value]) => ({ path, value }));
  return { entity: record.spec.name, recordId: record.id, changeType, body: composeFields(fields), changedFields: [] };
}
