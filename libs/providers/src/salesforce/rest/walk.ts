import { isJsonObject, type JsonObject } from '@clientele/domain';
import { ProviderError } from '../../records/provider-error.ts';
import type { ChangedSince, ReadWindow } from '../../records/record-source.ts';
import { readCursor, writeCursor, type Cursor } from './cursor.ts';
import { idIn, objectsIn, timeIn } from './members.ts';
import type { RestClient, Spending } from './rest-client.ts';
import { idsFrom, stampedFrom } from './soql.ts';

const MOST_RECORDS = 2000;

export function pageSize(limit: number = MOST_RECORDS): number {
  return Math.max(1, Math.min(MOST_RECORDS, Math.floor(limit)));
}

export interface Rows {
  readonly rows: readonly JsonObject[];
  readonly next: string | null;
  readonly window: ReadWindow;
}

/**
 * Goes through an entity's records page by page, each page by a query of its own that begins behind the last record of the one before.
 * That costs what following `nextRecordsUrl` would, never expires, and each page is of its own time.
 */
export class Walk {
  readonly #client: RestClient;
  readonly #overlapMs: number;

  constructor(client: RestClient, overlapMs: number) {
    this.#client = client;
    this.#overlapMs = overlapMs;
  }

  async page(entity: string, { after, since, limit }: ChangedSince, columns: readonly string[], deleted: boolean, spending: Spending): Promise<Rows> {
    const from = after === null ? null : readCursor(after);
    const size = pageSize(limit);
    const start = from === null ? this.startOf(since, deleted) : from.since;
    const soql = start === null ? idsFrom(entity, from, size) : stampedFrom({ entity, since: start, after: from, limit: size, deleted, fields: columns });
    const query = new URLSearchParams({ q: soql });
    const { value, window } = await this.#client.call({ operation: `query ${entity}`, path: `${deleted ? 'queryAll' : 'query'}?${query.toString()}`, spending });
    if (!isJsonObject(value) || !Array.isArray(value['records'])) throw new ProviderError('unavailable', `query ${entity}: the answer holds no records`);
    const rows = objectsIn(value, 'records');
    const isLast = value['done'] !== false && rows.length < size;
    return { rows, window, next: isLast ? null : nextOf(entity, rows, start, from) };
  }

  /** Deletions are always walked by stamp: there is no end to what was ever deleted. */
  startOf(since: Date | null, deleted: boolean): string | null {
    if (since === null) return deleted ? new Date(0).toISOString() : null;
    return new Date(Math.max(0, since.getTime() - this.#overlapMs)).toISOString();
  }
}

function nextOf(entity: string, rows: readonly JsonObject[], since: string | null, from: Cursor | null): string {
  const last = rows.at(-1);
  const id = last === undefined ? null : idIn(last, 'Id');
  const stamp = last === undefined || since === null ? null : timeIn(last, 'SystemModstamp');
  if (id === null || (since !== null && stamp === null)) throw new ProviderError('unavailable', `query ${entity}: the answer does not say where the next page begins`);
  if (from?.id === id && from.stamp === stamp) throw new ProviderError('unavailable', `query ${entity}: the same page came again`);
  return writeCursor({ since, stamp, id });
}
