import { isJsonObject, type JsonObject } from '@clientele/domain';
import { ProviderError } from '../../records/provider-error.ts';
import type { Reading } from '../../records/record-source.ts';
import type { EntityFields } from './entity-fields.ts';
import type { FieldCatalog } from './field-catalog.ts';
import { idIn, objectsOf, timeIn } from './members.ts';
import type { Presence } from './presence.ts';
import { recordFields } from './record-fields.ts';
import { AnswerTooLargeError, type RestClient, type Spending } from './rest-client.ts';

/** What Salesforce takes in one call. */
const MOST_IDS = 2000;
/** Values in one answer: reading it keeps a process from all else for some 100 ms. */
const MOST_VALUES = 50_000;
/** Records that are asked for one by one until one of them shows its fields. */
const MOST_SAMPLES = 3;

/** Reads records whole, as many in a call as their size allows. */
export class Retrieval {
  readonly #client: RestClient;
  readonly #catalog: FieldCatalog;
  readonly #presence: Presence;

  constructor(client: RestClient, catalog: FieldCatalog, presence: Presence) {
    this.#client = client;
    this.#catalog = catalog;
    this.#presence = presence;
  }

  async one(entity: string, id: string, spending: Spending): Promise<Reading> {
    const row = await this.#row(entity, id, spending);
    if (row === null) return await this.#absent(entity, id, spending);
    const fields = await this.#catalog.fieldsOf(entity, async () => row.record, spending);
    return { kind: 'found', entity, id, fields: recordFields(entity, row.record, fields), whole: fields.whole, changedAt: timeIn(row.record, 'LastModifiedDate'), window: row.window };
  }

  /** @param ids in 18 characters, each once. One reading for each, in their order. */
  async many(entity: string, ids: readonly string[], spending: Spending): Promise<Reading[]> {
    if (ids.length === 0) return [];
    const found = new Map<string, Reading>();
    let start = 0;
    while (start < ids.length) {
      const fields = await this.#catalog.fieldsOf(entity, async () => await this.#sample(entity, ids, spending), spending);
      const size = Math.max(1, Math.min(MOST_IDS, Math.floor(MOST_VALUES / Math.max(1, fields.names.length))));
      await this.#batch(entity, ids.slice(start, start + size), fields, found, spending);
      start += size;
    }
    const absent = await this.#presence.of(entity, ids.filter((id) => !found.has(id)), spending);
    return ids.flatMap((id) => found.get(id) ?? absent.get(id) ?? []);
  }

  async #batch(entity: string, ids: readonly string[], fields: EntityFields, found: Map<string, Reading>, spending: Spending): Promise<void> {
    try {
      // An unknown field fails the whole call, so there is always one to ask for.
      const body = { ids, fields: fields.names.length === 0 ? ['Id'] : fields.names };
      const { value, window } = await this.#client.call({ operation: `retrieve ${entity}`, path: `composite/sobjects/${entity}`, body, spending });
      if (!Array.isArray(value)) throw new ProviderError('unavailable', `retrieve ${entity}: the answer is no list`);
      const wanted = new Set(ids);
      for (const record of objectsOf(value)) {
        const id = idIn(record, 'Id');
        if (id !== null && wanted.has(id)) found.set(id, { kind: 'found', entity, id, fields: recordFields(entity, record, fields), whole: fields.whole, changedAt: timeIn(record, 'LastModifiedDate'), window });
      }
    } catch (error) {
      if (error instanceof ProviderError && this.#catalog.drop(entity, error)) {
        const fewer = await this.#catalog.fieldsOf(entity, async () => null, spending);
        await this.#batch(entity, ids, fewer, found, spending);
      } else if (error instanceof AnswerTooLargeError && ids.length > 1) {
        const half = Math.ceil(ids.length / 2);
        await this.#batch(entity, ids.slice(0, half), fields, found, spending);
        await this.#batch(entity, ids.slice(half), fields, found, spending);
      } else throw error;
    }
  }

  async #absent(entity: string, id: string, spending: Spending): Promise<Reading> {
    const [reading] = (await this.#presence.of(entity, [id], spending)).values();
    if (reading === undefined) throw new ProviderError('unavailable', `queryAll ${entity}: no answer`);
    return reading;
  }

  async #sample(entity: string, ids: readonly string[], spending: Spending): Promise<JsonObject | null> {
    for (const id of ids.slice(0, MOST_SAMPLES)) {
      const row = await this.#row(entity, id, spending);
      if (row !== null) return row.record;
    }
    return null;
  }

  /** Null where the provider does not show it, for whatever reason. */
  async #row(entity: string, id: string, spending: Spending): Promise<{ record: JsonObject; window: Reading['window'] } | null> {
    try {
      const { value, window } = await this.#client.call({ operation: `get ${entity}`, path: `sobjects/${entity}/${id}`, spending });
      if (!isJsonObject(value) || idIn(value, 'Id') !== id) throw new ProviderError('unavailable', `get ${entity}: the answer is not the record that was asked for`);
      return { record: value, window };
    } catch (error) {
      if (error instanceof ProviderError && error.kind === 'not_found') return null;
      throw error;
    }
  }
}
