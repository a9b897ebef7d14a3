import { ProviderError } from '@clientele/providers';
import type { ReadableSource } from '../sources/source-book.ts';

export interface FeedSilenceParts {
  /** Commit time of the latest change that the source's feed has brought; null: none yet. @throws UnavailableError */
  readonly heardAt: (source: ReadableSource) => Promise<Date | null>;
  /** A feed that has brought nothing for so long is looked into, ms; 0: never. */
  readonly silentAfterMs: number;
}

interface Verdict {
  readonly at: number;
  readonly isSilent: boolean;
}

/** Changes of one moment have stamps of some seconds. */
const SAME_MOMENT_MS = 10_000;
/** What was changed later may be on its way. */
const ON_ITS_WAY_MS = 300_000;

/**
 * Tells a feed that says nothing from an org in which nothing happens: the one has records that were changed since the feed was last heard.
 * While that is long ago the org is asked, a call for each entity, four times in the time after which a feed counts as silent.
 */
export class FeedSilence {
  readonly #parts: FeedSilenceParts;
  /** When the source was first looked at, by its own clock, ms: what a feed that was never heard is measured from. */
  readonly #begun = new Map<string, number>();
  readonly #verdicts = new Map<string, Verdict>();

  constructor(parts: FeedSilenceParts) {
    this.#parts = parts;
  }

  /** @param at now, by the provider's clock, ms since 1970. @throws ProviderError, UnavailableError */
  async isSilent(source: ReadableSource, at: number): Promise<boolean> {
    const { heardAt, silentAfterMs } = this.#parts;
    if (silentAfterMs <= 0) return false;
    const begun = this.#begun.get(source.id) ?? at;
    this.#begun.set(source.id, begun);
    const heard = (await heardAt(source))?.getTime() ?? begun;
    if (at - heard <= silentAfterMs) return false;
    const known = this.#verdicts.get(source.id);
    if (known !== undefined && at - known.at < silentAfterMs / 4) return known.isSilent;
    const isSilent = await hasChanged(source, new Date(heard + SAME_MOMENT_MS), new Date(at - ON_ITS_WAY_MS));
    // Where it could not be asked, what was last known stands.
    if (isSilent === null) return known?.isSilent ?? false;
    this.#verdicts.set(source.id, { at, isSilent });
    return isSilent;
  }

  forget(source: string): void {
    this.#begun.delete(source);
    this.#verdicts.delete(source);
  }
}

/**
 * Whether a record was changed in between; true also where the provider tells it of no entity, since then time alone speaks; null where the quota
 * does not let us ask.
 */
async function hasChanged({ records, quota, entities }: ReadableSource, from: Date, to: Date): Promise<boolean | null> {
  if (from >= to) return false;
  let told = false;
  for (const entity of entities) {
    if (!(await quota.spend('live', 1))) return null;
    try {
      if ((await records.count(entity, { from, to })).count > 0) return true;
      told = true;
    } catch (error) {
      if (!(error instanceof ProviderError) || (error.kind !== 'not_found' && error.kind !== 'invalid')) throw error;
    }
  }
  return !told;
}
