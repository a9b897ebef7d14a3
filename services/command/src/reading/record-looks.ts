import { commitTime, isClock } from '@clientele/domain';
import type { TakenRead } from '@clientele/event-store';
import type { Reading } from '@clientele/providers';
import type { ReadableSource } from '../sources/source-book.ts';
import type { ReadGroup } from './read-groups.ts';
import type { CausedAnswer } from './reading-publisher.ts';
import { isAnswer } from './record-read-command.ts';
import { mayBePurged } from './unseen-records.ts';

export interface Looks {
  readonly answers: readonly CausedAnswer[];
  /** Records of which the source says nothing, and how it does so. */
  readonly unseen: readonly { readonly read: TakenRead; readonly why: string }[];
}

/** Pages of the log of deletions that are looked through for records that are not there. */
const MOST_PAGES = 10;

/** Asks a source after records, in as few calls as it takes. */
export class RecordLooks {
  readonly #source: Pick<ReadableSource, 'records'>;
  readonly #now: () => Date;

  constructor(source: Pick<ReadableSource, 'records'>, now: () => Date) {
    this.#source = source;
    this.#now = now;
  }

  /** @throws ProviderError, ValidationError */
  async take({ entity, kind, reads }: ReadGroup): Promise<Looks> {
    const found = byId(kind === 'survivors' ? await this.#survivors(entity, reads) : await this.#records(entity, reads.map(({ externalId }) => externalId)));
    const purged = byId(await this.#purged(entity, reads.filter((read) => found.get(read.externalId)?.kind === 'not_found' && mayBePurged(read))));
    const answers: CausedAnswer[] = [];
    const unseen: Looks['unseen'][number][] = [];
    for (const read of reads) {
      const reading = purged.get(read.externalId) ?? found.get(read.externalId);
      if (reading !== undefined && isAnswer(reading)) answers.push({ answer: reading, cause: read.reason });
      else unseen.push({ read, why: reading?.kind ?? 'no answer' });
    }
    return { answers, unseen };
  }

  async #records(entity: string, ids: readonly string[]): Promise<readonly Reading[]> {
    const { records } = this.#source;
    const [first, ...others] = ids;
    if (first === undefined) return [];
    return others.length === 0 ? [await records.fetchOne(entity, first)] : (await records.fetchMany(entity, ids)).readings;
  }

  /** One that lives again is read like any other. */
  async #survivors(entity: string, reads: readonly TakenRead[]): Promise<readonly Reading[]> {
    const { readings } = await this.#source.records.survivors(entity, reads.map(({ externalId }) => externalId));
    const alive = readings.filter(({ kind }) => kind === 'not_yet_visible').map(({ id }) => id);
    return [...readings, ...(await this.#records(entity, alive))];
  }

  /** What was purged from the provider's bin stands in its log of deletions, as far as that goes back. */
  async #purged(entity: string, reads: readonly TakenRead[]): Promise<readonly Reading[]> {
    if (reads.length === 0) return [];
    const wanted = new Set(reads.map(({ externalId }) => externalId));
    const since = new Date(Math.min(...reads.map((read) => this.#sinceOf(read))));
    const purged: Reading[] = [];
    let after: string | null = null;
    for (let page = 0; page < MOST_PAGES && wanted.size > 0; page += 1) {
      const { readings, next } = await this.#source.records.deletedSince(entity, { after, since });
      for (const reading of readings) if (wanted.delete(reading.id)) purged.push(reading);
      if (next === null) break;
      after = next;
    }
    return purged;
  }

  #sinceOf({ since }: TakenRead): number {
    return isClock(since) ? commitTime(since) : this.#now().getTime();
  }
}

function byId(readings: readonly Reading[]): Map<string, Reading> {
  return new Map(readings.map((reading) => [reading.id, reading]));
}
