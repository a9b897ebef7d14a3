import { isJsonObject } from '@clientele/domain';
import { ProviderError } from '../../records/provider-error.ts';
import type { Reading, ReadWindow } from '../../records/record-source.ts';
import { idIn, objectsIn } from './members.ts';
import type { RestClient, Spending } from './rest-client.ts';
import { byIds } from './soql.ts';

/** A query stands in the URL, of which 16 KB are taken. */
const MOST_IDS = 200;
/** Entities whose records can be merged, as Salesforce comes; others have no `MasterRecordId`. */
const MERGEABLE = new Set(['Account', 'Contact', 'Lead', 'Case', 'Individual']);

/** Asks after records that a plain read did not find, or that are gone: `queryAll` sees the bin too. */
export class Presence {
  readonly #client: RestClient;
  /** Entities that turned out to have no `MasterRecordId` in this org, or hide it. */
  readonly #unmergeable = new Set<string>();

  constructor(client: RestClient) {
    this.#client = client;
  }

  /** By id, for ids in 18 characters: deleted (and merged into what), alive and thus `not_yet_visible` to whoever did not see it, or not there. */
  async of(entity: string, ids: readonly string[], spending: Spending): Promise<Map<string, Reading>> {
    const found = new Map<string, Reading>();
    for (let start = 0; start < ids.length; start += MOST_IDS) await this.#askFor(entity, ids.slice(start, start + MOST_IDS), found, spending);
    return found;
  }

  /** The columns to ask for, and how to take back `MasterRecordId` where there is none. */
  async withSurvivors<T>(entity: string, columns: readonly string[], ask: (columns: readonly string[]) => Promise<T>): Promise<T> {
    if (!MERGEABLE.has(entity) || this.#unmergeable.has(entity)) return await ask(columns);
    try {
      return await ask([...columns, 'MasterRecordId']);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'INVALID_FIELD') throw error;
      this.#unmergeable.add(entity);
      return await ask(columns);
    }
  }

  async #askFor(entity: string, ids: readonly string[], found: Map<string, Reading>, spending: Spending): Promise<void> {
    let open = ids;
    while (open.length > 0) {
      const asked = open;
      const { value, window } = await this.withSurvivors(entity, ['Id', 'IsDeleted'], async (columns) => {
        const query = new URLSearchParams({ q: byIds(entity, asked, columns) });
        return await this.#client.call({ operation: `queryAll ${entity}`, path: `queryAll?${query.toString()}`, spending });
      });
      const isDone = !isJsonObject(value) || value['done'] !== false;
      for (const row of objectsIn(value, 'records')) {
        const id = idIn(row, 'Id');
        if (id === null || !asked.includes(id)) continue;
        found.set(id, row['IsDeleted'] === true ? deleted(entity, id, idIn(row, 'MasterRecordId'), window) : { kind: 'not_yet_visible', entity, id, window });
      }
      open = asked.filter((id) => !found.has(id));
      // An answer in several parts: what it has not shown is asked for again, rather than fetched by a link that may have expired.
      if (!isDone && open.length === asked.length) throw new ProviderError('unavailable', `queryAll ${entity}: the answer goes on, and shows nothing of what was asked for`);
      if (!isDone) continue;
      for (const id of open) found.set(id, { kind: 'not_found', entity, id, window });
      return;
    }
  }
}

export function deleted(entity: string, id: string, survivorId: string | null, window: ReadWindow): Reading {
  return { kind: 'deleted', entity, id, survivorId, window };
}
