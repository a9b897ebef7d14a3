import { isJsonObject, type JsonObject } from '@clientele/domain';
import { ProviderError } from '../../records/provider-error.ts';
import type { Runtime } from '../../records/runtime.ts';
import { fieldsOfDescription, fieldsOfPaths, fieldsOfRecord, without, type EntityFields } from './entity-fields.ts';
import type { RestClient, Spending } from './rest-client.ts';

/** Fields come and go in an org; a field that is new meanwhile is told by the feed. */
const LEARN_AGAIN_AFTER_MS = 3_600_000;
/** Of one entity, before its whole list is learnt again. */
const MOST_DROPPED = 20;

interface Learnt {
  readonly fields: EntityFields;
  readonly at: number;
  /** Fields that the org turned out not to have, in lower case. */
  readonly dropped: Set<string>;
}

/** Gives a whole record of the entity, for its fields; null where none was to be had. */
export type Sample = () => Promise<JsonObject | null>;

/**
 * What to ask for of each entity: what `describe` says; where that is refused, what a whole record shows; where none was to be had, what
 * the mapping names.
 */
export class FieldCatalog {
  readonly #client: RestClient;
  readonly #mappedPaths: (entity: string) => readonly string[];
  readonly #now: Runtime['now'];
  readonly #learnt = new Map<string, Learnt>();

  constructor(client: RestClient, mappedPaths: (entity: string) => readonly string[], now: Runtime['now']) {
    this.#client = client;
    this.#mappedPaths = mappedPaths;
    this.#now = now;
  }

  async fieldsOf(entity: string, sample: Sample, spending: Spending): Promise<EntityFields> {
    const known = this.#learnt.get(entity);
    const isFresh = known !== undefined && this.#now() - known.at < LEARN_AGAIN_AFTER_MS;
    const learnt = isFresh ? known : { fields: await this.#learn(entity, sample, spending), at: this.#now(), dropped: new Set<string>() };
    this.#learnt.set(entity, learnt);
    return without(learnt.fields, learnt.dropped);
  }

  /** Takes out the field that an error is about; false where it is about none that we asked for, or about too many. */
  drop(entity: string, error: ProviderError): boolean {
    const learnt = this.#learnt.get(entity);
    const name = /No such column '([A-Za-z0-9_]+)'/i.exec(error.message)?.[1]?.toLowerCase();
    if (learnt === undefined || error.code !== 'INVALID_FIELD' || name === undefined || learnt.dropped.has(name)) return false;
    if (learnt.dropped.size === MOST_DROPPED || !learnt.fields.names.some((known) => known.toLowerCase() === name)) return false;
    learnt.dropped.add(name);
    return true;
  }

  async #learn(entity: string, sample: Sample, spending: Spending): Promise<EntityFields> {
    const described = await refused(async () => {
      const { value } = await this.#client.call({ operation: `describe ${entity}`, path: `sobjects/${entity}/describe`, spending });
      return fieldsOfDescription(entity, value);
    });
    if (described !== null) return described;
    const record = await refused(sample);
    if (record !== null && isJsonObject(record)) return fieldsOfRecord(record);
    return fieldsOfPaths(this.#mappedPaths(entity));
  }
}

/** Null where the provider refuses, as opposed to not answering. */
async function refused<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    const isRefused = error instanceof ProviderError && (error.kind === 'not_found' || error.kind === 'invalid' || (error.kind === 'unauthorised' && error.status === 403));
    if (!isRefused) throw error;
    return null;
  }
}
