import type { ClienteleConfig } from '@clientele/contracts';
import { DEFAULT_READ_MARGIN_MS } from '@clientele/domain';
import type { CrmProvider, OwnChanges, RecordSource } from '@clientele/providers';
import type { Governor, SourceQuota } from '../quota/governor.ts';

/** A source whose records can be read. */
export interface ReadableSource {
  readonly id: string;
  readonly provider: string;
  readonly records: RecordSource;
  readonly quota: SourceQuota;
  /** M: how long the source takes from stamping a change to committing it, at most. */
  readonly marginMs: number;
  /** The entities that the configuration maps. */
  readonly entities: readonly string[];
}

/** What deciding has to know of a source. */
export interface SourceFacts {
  readonly readable: boolean;
  readonly marginMs: number;
  /** By what its changes are known to be our own; null: nothing is configured. */
  readonly own: OwnChanges | null;
  readonly broadcastOwn: boolean;
}

/** Sources by their ids. One that the configuration does not name (in development) is taken as it comes, and cannot be read. */
export class SourceBook implements Governor {
  readonly #facts: ReadonlyMap<string, SourceFacts>;
  readonly #readable: ReadonlyMap<string, ReadableSource>;

  constructor({ sources = [] }: Pick<ClienteleConfig, 'sources'>, readable: readonly ReadableSource[]) {
    this.#readable = new Map(readable.map((source) => [source.id, source]));
    this.#facts = new Map(sources.map(({ id, own_changes: ownChanges, clock_skew_ms: skew }) => {
      const { broadcast = true, ...own } = ownChanges ?? {};
      const facts: SourceFacts = {
        readable: this.#readable.has(id), marginMs: skew ?? DEFAULT_READ_MARGIN_MS, own: ownChanges === undefined ? null : own, broadcastOwn: broadcast,
      };
      return [id, facts];
    }));
  }

  facts(source: string): SourceFacts {
    return this.#facts.get(source) ?? UNKNOWN;
  }

  /** Null where it has no credentials. */
  find(source: string): ReadableSource | null {
    return this.#readable.get(source) ?? null;
  }

  readable(): readonly ReadableSource[] {
    return [...this.#readable.values()];
  }

  for(source: string): SourceQuota {
    const quota = this.#readable.get(source)?.quota;
    if (quota === undefined) throw new Error(`source ${source} cannot be read`);
    return quota;
  }

  async close(): Promise<void> {
    await Promise.all(this.readable().map(({ records }) => records.close()));
  }
}

const UNKNOWN: SourceFacts = { readable: false, marginMs: DEFAULT_READ_MARGIN_MS, own: null, broadcastOwn: true };

export type Providers = ReadonlyMap<string, CrmProvider>;
