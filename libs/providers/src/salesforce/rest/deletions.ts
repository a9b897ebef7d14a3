import { ProviderError } from '../../records/provider-error.ts';
import type { ChangedSince, Reading } from '../../records/record-source.ts';
import { readCursor, writeCursor, type Cursor } from './cursor.ts';
import { idIn, objectsIn } from './members.ts';
import { deleted, type Presence } from './presence.ts';
import type { RestClient, RestAnswer, Spending } from './rest-client.ts';
import { pageSize, type Walk } from './walk.ts';

/** Salesforce refuses to look further back than 30 days. */
const LOG_MS = 29 * 86_400_000;
/** The log is asked for in minutes, more than one. */
const SHORTEST_SPAN_MS = 120_000;

export interface DeletionPage {
  readonly readings: readonly Reading[];
  readonly next: string | null;
}

/** Records that Salesforce says are deleted: first what lies in the bin, then what the log of deletions knows and the bin no longer has. */
export class Deletions {
  readonly #client: RestClient;
  readonly #walk: Walk;
  readonly #presence: Presence;

  constructor(client: RestClient, walk: Walk, presence: Presence) {
    this.#client = client;
    this.#walk = walk;
    this.#presence = presence;
  }

  async page(entity: string, options: ChangedSince, spending: Spending): Promise<DeletionPage> {
    const from = options.after === null ? null : readCursor(options.after);
    if (from?.log === true) return await this.#purged(entity, from, pageSize(options.limit), spending);
    const { rows, next, window } = await this.#presence.withSurvivors(entity, ['Id', 'IsDeleted', 'SystemModstamp'], async (columns) =>
      await this.#walk.page(entity, options, columns, true, spending));
    const readings = rows.flatMap((row) => {
      const id = idIn(row, 'Id');
      return id === null || row['IsDeleted'] !== true ? [] : [deleted(entity, id, idIn(row, 'MasterRecordId'), window)];
    });
    const since = from?.since ?? this.#walk.startOf(options.since, true);
    return { readings, next: next ?? writeCursor({ since, stamp: null, id: '', log: true }) };
  }

  /** The log alone is no proof, since a record may have been restored; that it is neither there nor in the bin completes it. */
  async #purged(entity: string, from: Cursor, size: number, spending: Spending): Promise<DeletionPage> {
    const log = await this.#log(entity, from.since, spending);
    if (log === null) return { readings: [], next: null };
    const logged = new Set(objectsIn(log.value, 'deletedRecords').flatMap((row) => idIn(row, 'id') ?? []));
    const rest = [...logged].filter((id) => id > from.id).sort();
    const ids = rest.slice(0, size);
    const last = ids.at(-1);
    const found = await this.#presence.of(entity, ids, spending);
    const readings = [...found.values()].flatMap(({ kind, id, window }) => (kind === 'not_found' ? [deleted(entity, id, null, window)] : []));
    return { readings, next: last === undefined || ids.length === rest.length ? null : writeCursor({ ...from, id: last }) };
  }

  /** Null where the org keeps none of this entity, or not for us. */
  async #log(entity: string, since: string | null, spending: Spending): Promise<RestAnswer | null> {
    const now = this.#client.providerNow();
    const start = Math.min(Math.max(Date.parse(since ?? '') || 0, now - LOG_MS), now - SHORTEST_SPAN_MS);
    const span = new URLSearchParams({ start: new Date(start).toISOString(), end: new Date(now).toISOString() });
    try {
      return await this.#client.call({ operation: `deleted ${entity}`, path: `sobjects/${entity}/deleted/?${span.toString()}`, spending });
    } catch (error) {
      const isRefused = error instanceof ProviderError && (error.kind === 'not_found' || error.kind === 'invalid' || (error.kind === 'unauthorised' && error.status === 403));
      if (!isRefused) throw error;
      return null;
    }
  }
}
