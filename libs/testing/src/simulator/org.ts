import type { Json } from '@clientele/domain';
import { draftForAll, draftUpdate } from './drafts.ts';
import { ENTITIES, type Draw, type EntitySpec } from './entities/index.ts';
import { DEFAULT_START, type OrgOptions } from './options.ts';
import type { OrgChange, Transaction } from './org-change.ts';
import { OrgRecords, type Moment } from './org-records.ts';
import { hash32, Random } from './random.ts';
import { recordId } from './record-id.ts';

/** A record as the org has it in the end, in the org's own field names; fields without a value are absent. */
export interface TrueRecord {
  readonly entity: EntitySpec['name'];
  readonly externalId: string;
  readonly lifecycle: 'active' | 'deleted';
  /** By path; of a deleted record, as it was when it was deleted. */
  readonly fields: ReadonlyMap<string, Json>;
}

const NANOSECONDS = 1_000_000n;
const ORIGINS = ['com/salesforce/api/soap/66.0;client=SfdcInternalAPI/', 'com/salesforce/api/rest/60.0;client=Integration', ''];

/** An org and its people at work. It knows how it ends; what the feed makes of that is for others to get right. */
export class SalesforceOrg {
  /** 18 characters. */
  readonly id: string;
  readonly #options: OrgOptions;
  readonly #random: Random;
  readonly #records: OrgRecords;
  readonly #users: readonly string[];
  readonly #draw: Draw;
  #now: bigint;

  constructor(options: OrgOptions) {
    const { seed, records, changes, users = 5, startAt = DEFAULT_START } = options;
    const name = `${seed}/${records}/${changes}/${users}/${startAt}`;
    const random = new Random(name);
    const pod = random.letters(3);
    this.#options = options;
    this.#random = random;
    this.#records = new OrgRecords(pod);
    this.#users = Array.from({ length: Math.max(1, users) }, (_, n) => recordId('005', pod, n + 1));
    this.#now = BigInt(startAt) * NANOSECONDS + BigInt(random.integer(1, 999_999_999));
    this.#draw = { random, account: () => this.#anyAccount(), user: () => random.pick(this.#users) };
    this.id = recordId('00D', pod, hash32(name));
  }

  /** How envelopes and answers name the org: `salesforce:<org id>`. */
  get source(): string {
    return `salesforce:${this.id}`;
  }

  /** The org's history, transaction by transaction in the order of their commits. To be walked through once. */
  *transactions(): Generator<Transaction> {
    let { records: creates, changes } = this.#options;
    while (creates > 0 || changes > 0) {
      const begun = this.#begin();
      const creating = creates > 0 && (this.#records.all.length === 0 || this.#random.chance(creates / (creates + changes)));
      const done = creating ? this.#create(creates, begun.moment) : this.#change(changes, begun.moment);
      if (done.length === 0) return;
      if (creating) creates -= done.length;
      else changes = Math.max(0, changes - done.length);
      yield { ...begun.transaction, changes: done };
    }
  }

  /** How the records stand after the transactions so far. */
  truth(): TrueRecord[] {
    return this.#records.all.map(({ spec, id, fields, deleted }) => ({
      entity: spec.name, externalId: id, lifecycle: deleted ? 'deleted' : 'active', fields: new Map(fields),
    }));
  }

  #create(most: number, moment: Moment): OrgChange[] {
    return Array.from({ length: Math.min(most, this.#random.integer(1, 3)) }, () => this.#records.create(this.#random.pick(ENTITIES), moment, this.#draw));
  }

  #change(most: number, moment: Moment): OrgChange[] {
    const random = this.#random;
    const busy = ENTITIES.filter(({ name }) => this.#records.live(name).size > 0);
    const what = random.next();
    if (this.#records.deletions > 0 && (what < 0.08 || busy.length === 0)) return this.#records.undelete(random, moment);
    if (busy.length === 0) return [];
    const { name, fields } = random.pick(busy);
    const live = this.#records.live(name);
    if (what < 0.2) return this.#records.delete(live.draw(random));
    if (what < 0.32) {
      const write = draftForAll(random.pick(fields), this.#draw);
      return live.drawSome(random, Math.min(most, random.integer(2, 6))).map((record) => this.#records.update(record, [write], moment));
    }
    return live.drawSome(random, Math.min(most, random.integer(1, 3)))
      .map((record) => this.#records.update(record, draftUpdate(record, this.#draw), moment));
  }

  /** Commits come in bursts within a second, a few units of the commit number apart, and in long pauses. */
  #begin(): { moment: Moment; transaction: Omit<Transaction, 'changes'> } {
    const random = this.#random;
    const pause = random.next();
    this.#now += BigInt(pause < 0.4 ? random.integer(1, 200) : pause < 0.9 ? random.integer(1_000_000, 400_000_000) : random.integer(1, 30) * 1_000_000_000);
    const commitTimestamp = Number(this.#now / (1000n * NANOSECONDS)) * 1000;
    const user = this.#draw.user();
    const transaction = { commitTimestamp, commitNumber: this.#now, transactionKey: random.uuid(), user, origin: random.pick(ORIGINS) };
    return { moment: { time: new Date(commitTimestamp).toISOString(), user }, transaction };
  }

  #anyAccount(): string | null {
    const accounts = this.#records.live('Account');
    return accounts.size > 0 ? accounts.draw(this.#random).id : null;
  }
}
