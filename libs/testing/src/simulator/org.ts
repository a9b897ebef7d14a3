import { draftForAll, draftUpdate } from './drafts.ts';
import { account, ENTITIES, type Draw } from './entities/index.ts';
import { flagsOf } from './life/conversion.ts';
import { extraordinary, unannounced, type Happening } from './life/extraordinary.ts';
import { largeText, largeTextWrite } from './life/large-text.ts';
import type { OrgLife } from './life/options.ts';
import { DEFAULT_START, type OrgOptions } from './options.ts';
import { asGap, type ChangeType, type OrgChange, type Transaction } from './org-change.ts';
import { OrgClock } from './org-clock.ts';
import type { Moment, OrgRecord } from './org-record.ts';
import { OrgRecords } from './org-records.ts';
import { OrgTime } from './org-time.ts';
import { hash32, Random } from './random.ts';
import { recordId } from './record-id.ts';
import { RelayState } from './relay-state.ts';
import { trueRecord, type TrueRecord } from './truth.ts';

const ORIGINS = ['com/salesforce/api/soap/66.0;client=SfdcInternalAPI/', 'com/salesforce/api/rest/60.0;client=Integration', ''];
const HOT = 5;

/** A transaction that is due, and who makes it. */
interface Due {
  readonly pause: bigint;
  readonly transactionKey: string;
  readonly user: string;
  readonly origin: string;
}

/** An org and its people at work. It knows how it ends; what the feed makes of that is for others to get right. */
export class SalesforceOrg {
  /** 18 characters. */
  readonly id: string;
  readonly records: OrgRecords;
  readonly clock: OrgClock;
  readonly relay = new RelayState();
  /** How often each change kind was announced, and each happening happened, so far. */
  readonly tally = new Map<ChangeType | Happening, number>();
  /** What happened so far with nothing to announce it, or nothing that names it: silent losses, vanishings, what an overflow hides. */
  readonly unannounced: { readonly entity: string; readonly recordId: string; readonly changeType: ChangeType }[] = [];
  readonly #options: OrgOptions;
  readonly #life: OrgLife;
  readonly #random: Random;
  /** What only an org with a life draws from, so that one without it stays as it is. */
  readonly #chances: Random;
  readonly #users: readonly string[];
  readonly #integration: string;
  readonly #draw: Draw;
  readonly #time: OrgTime;
  #due: Due | null;
  #hot: OrgRecord[] = [];
  #progress = 0;

  constructor(options: OrgOptions) {
    const { seed, id, records, changes, users = 5, startAt = DEFAULT_START, clock = 'history', sharedIds, life } = options;
    const more = life === undefined && sharedIds === undefined ? '' : `/${JSON.stringify({ sharedIds, life })}`;
    const name = `${seed}/${records}/${changes}/${users}/${startAt}${more}`;
    const random = new Random(name);
    const own = random.letters(3);
    const pod = sharedIds === undefined ? own : new Random(sharedIds).letters(3);
    this.#options = options;
    this.#life = life ?? {};
    this.#random = random;
    this.#chances = new Random(`life ${name}`);
    this.records = new OrgRecords({ pod, numberedByEntity: sharedIds !== undefined, formulas: life?.formulas ?? false });
    this.#users = Array.from({ length: Math.max(1, users) }, (_, n) => recordId('005', pod, n + 1));
    this.#integration = recordId('005', pod, this.#users.length + 1);
    this.clock = new OrgClock(clock === 'live', startAt);
    this.#time = new OrgTime(this.clock, startAt, random, this.#life);
    this.#draw = { random, account: () => this.#anyAccount(), user: () => random.pick(this.#users) };
    this.id = id ?? recordId('00D', own, hash32(name));
    this.#due = this.#next(records + changes);
    this.clock.committed(startAt, this.#dueAt());
  }

  /** How envelopes and answers name the org: `salesforce:<org id>`. */
  get source(): string {
    return `salesforce:${this.id}`;
  }

  /** The user that makes the changes of the org's own integration. */
  get integrationUser(): string {
    return this.#integration;
  }

  /** The org's history, transaction by transaction in the order of their commits. To be walked through once. */
  *transactions(): Generator<Transaction> {
    const total = this.#options.records + this.#options.changes;
    let { records: creates, changes } = this.#options;
    for (let due = this.#due; due !== null; due = this.#due) {
      const own = this.#life.own !== undefined && this.#chances.chance(this.#life.own.share) ? this.#life.own : null;
      const { at, stamp } = this.#time.commit(due.pause, this.#chances);
      const gap = this.#chances.chance(this.#life.gaps ?? 0);
      const moment: Moment = { stamp, user: own === null ? due.user : this.#integration, quiet: gap && this.#chances.chance(0.5) };
      const creating = creates > 0 && (this.records.all.length === 0 || this.#random.chance(creates / (creates + changes)));
      const done = creating ? this.#create(creates, moment) : this.#change(changes, moment);
      if (creating) creates -= done.length;
      else changes = Math.max(0, changes - Math.max(1, done.length));
      this.#due = done.length === 0 && this.#options.life === undefined ? null : this.#next(creates + changes);
      this.clock.committed(at, this.#dueAt());
      if (this.#due === null && done.length === 0) return;
      const older = this.#progress < (this.#life.generationJump ?? 0);
      const origin = own === null ? due.origin : `com/salesforce/api/rest/66.0;client=${own.client}`;
      const changesTold = this.#told(gap ? done.map(asGap) : done);
      this.#count(changesTold);
      if (own !== null) this.#happened('own');
      if (gap) this.#happened(moment.quiet === true ? 'quiet_gap' : 'gap');
      // More than what whole seconds take off.
      if (at - stamp > 1001) this.#happened('late_stamp');
      this.#progress = 1 - (creates + changes) / total;
      if (older && this.#progress >= (this.#life.generationJump ?? 0)) this.#happened('generation_jump');
      yield { commitTimestamp: stamp, commitNumber: this.#time.commitNumber(older), transactionKey: due.transactionKey, user: moment.user, origin, changes: changesTold };
    }
  }

  /** How the records stand after the transactions so far. */
  truth(): TrueRecord[] {
    return this.records.all.map((record) => trueRecord(record, this.records));
  }

  #create(most: number, moment: Moment): OrgChange[] {
    const { personAccounts = 0, largeTexts = 0 } = this.#life;
    return Array.from({ length: Math.min(most, this.#random.integer(1, 3)) }, () => {
      const spec = this.#random.pick(ENTITIES);
      const large = this.#chances.chance(largeTexts) && spec.fields.some(({ path }) => path === 'Description');
      const text = large ? [{ path: 'Description', value: largeText(this.#chances) }] : [];
      if (large) this.#happened('large_text');
      if (spec === account && this.#chances.chance(personAccounts)) {
        this.#happened('person_account');
        return this.records.createPerson(moment, this.#draw, text);
      }
      return [this.records.create(spec, moment, this.#draw, [...text, ...flagsOf(spec, this.#life)])];
    }).flat();
  }

  #change(most: number, moment: Moment): OrgChange[] {
    if (this.#options.life === undefined) return this.#dailyWork(most, moment);
    const { purged, vanished } = unannounced(this.#life, this.records, this.#chances, moment);
    if (purged.length > 0) this.#happened('hard_delete');
    for (const { spec, id } of vanished) this.#hide('vanishing', { entity: spec.name, recordId: id, changeType: 'DELETE' });
    const special = extraordinary(this.#life, this.records, this.#chances, moment, this.#draw);
    if (special === null) return this.#dailyWork(most, moment);
    this.#happened(special.happening);
    this.unannounced.push(...special.hidden);
    return special.changes;
  }

  #dailyWork(most: number, moment: Moment): OrgChange[] {
    const random = this.#random;
    const busy = ENTITIES.filter(({ name }) => this.records.live(name).size > 0);
    const what = random.next();
    if (this.records.deletions > 0 && (what < 0.08 || busy.length === 0)) return this.records.undelete(random, moment);
    if (busy.length === 0) return [];
    const { name, fields } = random.pick(busy);
    const live = this.records.live(name);
    if (what < 0.2) return this.records.delete(live.draw(random), moment);
    if (what < 0.32) {
      const write = draftForAll(random.pick(fields), this.#draw);
      const drawn = live.drawSome(random, Math.min(most, random.integer(2, 6))).filter(({ spec }) => spec.fields.some(({ path }) => path === write.path));
      return drawn.flatMap((record) => this.records.update(record, [write], moment));
    }
    return this.#someRecords(live.drawSome(random, Math.min(most, random.integer(1, 3)))).flatMap((record) => {
      const large = this.#chances.chance(this.#life.largeTexts ?? 0) ? largeTextWrite(record, this.#chances) : [];
      const writes = draftUpdate(record, this.#draw).filter(({ path }) => large.every((text) => text.path !== path));
      if (large.length > 0) this.#happened('large_text');
      return this.records.update(record, [...writes, ...large], moment);
    });
  }

  /** Some of them replaced by those that were changed last. */
  #someRecords(drawn: readonly OrgRecord[]): OrgRecord[] {
    const hot = this.#hot.filter(({ deleted, drawable }) => !deleted && drawable);
    const picked = drawn.map((record) => (hot.length > 0 && this.#chances.chance(this.#life.hot ?? 0) ? this.#chances.pick(hot) : record));
    const records = [...new Set(picked)];
    this.#hot = [...new Set([...records, ...hot])].slice(0, HOT);
    return records;
  }

  /** What is left of changes when some are lost on the way to the relay. */
  #told(changes: readonly OrgChange[]): readonly OrgChange[] {
    const { silentLoss } = this.#life;
    if (silentLoss === undefined) return changes;
    const lost = new Set(changes.filter(() => this.#chances.chance(1 / silentLoss)));
    for (const change of lost) this.#hide('silent_loss', change);
    return changes.filter((change) => !lost.has(change));
  }

  #hide(happening: Happening, { entity, recordId: id, changeType }: Pick<OrgChange, 'entity' | 'recordId' | 'changeType'>): void {
    this.#happened(happening);
    this.unannounced.push({ entity, recordId: id, changeType });
  }

  #count(changes: readonly OrgChange[]): void {
    for (const { changeType, body } of changes) {
      this.#happened(changeType);
      const text = body['Description'];
      if (typeof text === 'object' && text !== null) this.#happened('text_diff');
    }
  }

  #happened(what: ChangeType | Happening): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
  }

  #next(left: number): Due | null {
    if (left <= 0) return null;
    const pause = this.#time.pause(this.#random, this.#chances);
    return { pause, user: this.#draw.user(), transactionKey: this.#random.uuid(), origin: this.#random.pick(ORIGINS) };
  }

  #dueAt(): number {
    return this.#due === null ? Number.POSITIVE_INFINITY : this.#time.due(this.#due.pause);
  }

  #anyAccount(): string | null {
    const accounts = this.records.live('Account');
    return accounts.size > 0 ? accounts.draw(this.#random).id : null;
  }
}
