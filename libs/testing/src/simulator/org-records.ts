import { composeFields, type FieldWrite, type Json } from '@clientele/domain';
import { contactPath, ENTITIES, personAccount, personContact, type Draw, type EntitySpec } from './entities/index.ts';
import type { OrgChange, RecordChangeType } from './org-change.ts';
import type { Moment, OrgRecord } from './org-record.ts';
import { Pool } from './pool.ts';
import { Random } from './random.ts';
import { recordId } from './record-id.ts';
import { textDiff } from './text-diff.ts';

export interface RecordsOptions {
  /** Three characters that all ids of the org share. */
  readonly pod: string;
  /** Records are numbered entity by entity, so that ids do not tell what else was created. */
  readonly numberedByEntity?: boolean;
  readonly formulas?: boolean;
}

/** The org's tables and its recycle bin. Every operation gives the changes that its event would carry. */
export class OrgRecords {
  readonly all: OrgRecord[] = [];
  readonly #options: RecordsOptions;
  readonly #byId = new Map<string, OrgRecord>();
  readonly #live = new Map<EntitySpec['name'], Pool<OrgRecord>>(ENTITIES.map(({ name }) => [name, new Pool()]));
  readonly #children = new Map<string, Set<OrgRecord>>();
  readonly #numbers = new Map<string, number>();
  readonly #bin = new Pool<OrgRecord[]>();
  readonly #chances: Random;

  constructor(options: RecordsOptions) {
    this.#options = options;
    this.#chances = new Random(`formulas ${options.pod}`);
  }

  /** Those that are there and change on their own. */
  live(entity: EntitySpec['name']): Pool<OrgRecord> {
    const pool = this.#live.get(entity);
    if (pool === undefined) throw new RangeError(`no table ${entity}`);
    return pool;
  }

  find(id: string): OrgRecord | undefined {
    return this.#byId.get(id);
  }

  get deletions(): number {
    return this.#bin.size;
  }

  /** What hangs on an account and is there. */
  childrenOf(record: OrgRecord): OrgRecord[] {
    return [...(this.#children.get(record.id) ?? [])].filter(({ deleted }) => !deleted);
  }

  /** @param given values that are not left to chance; a null leaves a field empty. */
  create(spec: EntitySpec, moment: Moment, draw: Draw, given: readonly FieldWrite[] = []): OrgChange {
    return this.#whole('CREATE', this.#make(spec, moment, draw, given));
  }

  /** A person account and the contact behind it. */
  createPerson(moment: Moment, draw: Draw, given: readonly FieldWrite[] = []): OrgChange[] {
    const account = this.#make(personAccount, moment, draw, [...given, { path: 'IsPersonAccount', value: true }]);
    const shared = personAccount.fields.flatMap(({ path }) => this.#asContact({ path, value: account.fields.get(path) ?? null }));
    const contact = this.#make(personContact, moment, draw, [...shared, { path: 'AccountId', value: account.id }, { path: 'IsPersonAccount', value: true }]);
    this.#set(account, { path: 'PersonContactId', value: contact.id });
    this.retire(contact);
    return [this.#whole('CREATE', account), this.#whole('CREATE', contact)];
  }

  /** A null at a compound field clears its components. `LastModifiedById` is only told when it changes. Person accounts change twice. */
  update(record: OrgRecord, writes: readonly FieldWrite[], moment: Moment): OrgChange[] {
    const stamps = this.#stamp(record, moment);
    const cleared = writes.flatMap(({ path, value }) => (value === null ? this.#below(record, path) : []));
    const told = [...writes.map((write) => shortened(record, write)), ...stamps];
    const tiers = this.#formulas(record);
    for (const write of [...writes, ...stamps]) this.#set(record, write);
    // The relay names components, also where the body says in one word that they are all gone.
    const changedFields = told.flatMap(({ path, value }) => (value === null && cleared.some((leaf) => leaf.startsWith(`${path}.`)) ? [] : [path]));
    const { body, named } = this.#hinted(record, told, tiers);
    const change: OrgChange = {
      entity: record.spec.name, recordId: record.id, changeType: 'UPDATE', commitTimestamp: record.stampedAt, body: composeFields(body),
      changedFields: [...changedFields, ...cleared, ...named].sort(),
    };
    const contact = this.#personBehind(record);
    return contact === undefined ? [change] : [change, ...this.update(contact, writes.flatMap((write) => this.#asContact(write)), moment)];
  }

  /** Deletes a record and, of an account, its contacts and opportunities. */
  delete(record: OrgRecord, moment: Moment): OrgChange[] {
    return this.#remove([record, ...this.childrenOf(record)].filter(({ deleted }) => !deleted), moment);
  }

  /** Deletes a record that became part of another. */
  mergeAway(record: OrgRecord, master: OrgRecord, moment: Moment): OrgChange[] {
    record.master = master;
    return this.#remove([record], moment);
  }

  /** Takes one deletion back, with all that went with it. @throws RangeError when nothing was deleted. */
  undelete(random: Random, moment: Moment): OrgChange[] {
    const back = this.#bin.draw(random);
    this.#bin.remove(back);
    return back.map((record) => {
      Object.assign(record, { deleted: false, deletedAt: null, master: null });
      if (record.drawable) this.live(record.spec.name).add(record);
      for (const write of this.#stamp(record, moment, true)) this.#set(record, write);
      return this.#whole('UNDELETE', record);
    });
  }

  /** Empties the bin of one deletion. @returns the records that are gone for good. @throws RangeError when nothing was deleted. */
  purge(random: Random): OrgRecord[] {
    const gone = this.#bin.draw(random);
    this.#bin.remove(gone);
    for (const record of gone) record.purged = true;
    return gone;
  }

  /** Deletes a record with what hangs on it and empties its bin. */
  vanish(record: OrgRecord, moment: Moment): OrgRecord[] {
    const gone = [record, ...this.childrenOf(record)];
    this.#remove(gone, moment, true);
    return gone;
  }

  /** From now on it does not change on its own. */
  retire(record: OrgRecord): void {
    record.drawable = false;
    this.live(record.spec.name).remove(record);
  }

  /** Every value of a field goes, of deleted records too, without a trace in any stamp. */
  loseField(entity: EntitySpec['name'], path: string): void {
    for (const { spec, fields } of this.all) if (spec.name === entity) fields.delete(path);
  }

  /** What the org computes, as of now. */
  formulas(record: OrgRecord): FieldWrite[] {
    return Array.from(this.#formulas(record), ([path, value]) => ({ path, value }));
  }

  #make(spec: EntitySpec, moment: Moment, draw: Draw, given: readonly FieldWrite[]): OrgRecord {
    const record: OrgRecord = {
      spec, id: recordId(spec.prefix, this.#options.pod, this.#nextNumber(spec.name)), fields: new Map(), deleted: false, purged: false, deletedAt: null,
      master: null, stampedAt: moment.stamp, drawable: true,
    };
    for (const { path, make, filled } of spec.fields) if (draw.random.chance(filled)) this.#set(record, { path, value: make(draw) });
    for (const write of given) this.#set(record, write);
    for (const path of ['CreatedDate', 'LastModifiedDate']) this.#set(record, { path, value: timeOf(moment.stamp) });
    for (const path of ['OwnerId', 'CreatedById', 'LastModifiedById']) this.#set(record, { path, value: moment.user });
    this.all.push(record);
    this.#byId.set(record.id, record);
    this.live(spec.name).add(record);
    return record;
  }

  #nextNumber(entity: string): number {
    if (this.#options.numberedByEntity !== true) return this.all.length + 1;
    const number = (this.#numbers.get(entity) ?? 0) + 1;
    this.#numbers.set(entity, number);
    return number;
  }

  #remove(gone: OrgRecord[], moment: Moment, forGood = false): OrgChange[] {
    for (const record of gone) {
      record.stampedAt = Math.max(record.stampedAt, moment.stamp);
      Object.assign(record, { deleted: true, purged: forGood, deletedAt: record.stampedAt });
      if (record.drawable) this.live(record.spec.name).remove(record);
    }
    if (!forGood) this.#bin.add(gone);
    return gone.map(({ spec, id, stampedAt }) => ({
      entity: spec.name, recordId: id, changeType: 'DELETE', commitTimestamp: stampedAt, body: {}, changedFields: [],
    }));
  }

  #stamp(record: OrgRecord, { stamp, user, quiet = false }: Moment, always = false): FieldWrite[] {
    record.stampedAt = Math.max(record.stampedAt, stamp);
    if (quiet) return [];
    const stamps: FieldWrite[] = [{ path: 'LastModifiedDate', value: timeOf(record.stampedAt) }];
    if (always || record.fields.get('LastModifiedById') !== user) stamps.push({ path: 'LastModifiedById', value: user });
    return stamps;
  }

  #whole(changeType: Extract<RecordChangeType, 'CREATE' | 'UNDELETE'>, record: OrgRecord): OrgChange {
    const fields = [...Array.from(record.fields, ([path, value]) => ({ path, value })), ...this.formulas(record)];
    return { entity: record.spec.name, recordId: record.id, changeType, commitTimestamp: record.stampedAt, body: composeFields(fields), changedFields: [] };
  }

  /** A formula whose value an update changed is told, or not, as a change, or beside it. */
  #hinted(record: OrgRecord, told: readonly FieldWrite[], before: ReadonlyMap<string, Json>): { body: readonly FieldWrite[]; named: readonly string[] } {
    const moved = this.formulas(record).filter(({ path, value }) => before.get(path) !== value && this.#chances.chance(0.5));
    return { body: [...told, ...moved], named: moved.map(({ path }) => path).filter(() => this.#chances.chance(0.5)) };
  }

  #formulas({ spec, fields }: OrgRecord): Map<string, Json> {
    if (this.#options.formulas !== true) return new Map();
    const parent = (path: string): ReadonlyMap<string, Json> | undefined => this.#referred(fields.get(path))?.fields;
    return new Map((spec.formulas ?? []).map(({ path, of }) => [path, of(fields, parent)]));
  }

  #personBehind(record: OrgRecord): OrgRecord | undefined {
    return this.#referred(record.fields.get('PersonContactId'));
  }

  #referred(id: Json | undefined): OrgRecord | undefined {
    return typeof id === 'string' ? this.#byId.get(id) : undefined;
  }

  #asContact({ path, value }: FieldWrite): FieldWrite[] {
    const there = contactPath(path);
    return there === null ? [] : [{ path: there, value }];
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

/** As the channel tells it: of a large text that changed a little, how. */
function shortened(record: OrgRecord, write: FieldWrite): FieldWrite {
  const before = record.fields.get(write.path);
  const diff = typeof write.value === 'string' && typeof before === 'string' ? textDiff(before, write.value) : null;
  return diff === null ? write : { path: write.path, value: { diff } };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
