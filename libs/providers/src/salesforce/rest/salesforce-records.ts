import { isJsonObject } from '@clientele/domain';
import { ProviderError } from '../../records/provider-error.ts';
import type { ChangedSince, RecordSource, RecordSourceOptions } from '../../records/record-source.ts';
import { systemRuntime } from '../../records/runtime.ts';
import type { SalesforceAccess } from './access.ts';
import { Deletions } from './deletions.ts';
import { FieldCatalog } from './field-catalog.ts';
import { idIn } from './members.ts';
import { Presence } from './presence.ts';
import { RELAY_FEEDBACK_QUERY, relayStates } from './relay-feedback.ts';
import { AnswerTooLargeError, RestClient, type RestAnswer, type Spending } from './rest-client.ts';
import { Retrieval } from './retrieval.ts';
import { countAll, entityName, recordId } from './soql.ts';
import { Walk } from './walk.ts';

const OVERLAP_MS = 300_000;

/**
 * The records of a Salesforce org by its REST API.
 * @param mappedPaths of an entity: what to ask for where the org tells nothing of its fields.
 */
export function salesforceRecords(access: SalesforceAccess, mappedPaths: (entity: string) => readonly string[], options: RecordSourceOptions = {}): RecordSource {
  const client = new RestClient(access, options);
  const presence = new Presence(client);
  const retrieval = new Retrieval(client, new FieldCatalog(client, mappedPaths, (options.runtime ?? systemRuntime).now), presence);
  const walk = new Walk(client, options.overlapMs ?? OVERLAP_MS);
  const deletions = new Deletions(client, walk, presence);
  const query = async (operation: string, soql: string, spending: Spending): Promise<RestAnswer> =>
    await client.call({ operation, path: `query?${new URLSearchParams({ q: soql }).toString()}`, spending });
  const distinct = (ids: readonly string[]): string[] => [...new Set(ids.map(recordId))];

  return {
    fetchOne: async (entity, id) => await costed(async (spending) => await retrieval.one(entityName(entity), recordId(id), spending)),
    fetchMany: async (entity, ids) => await costed(async (spending) => ({ readings: await retrieval.many(entityName(entity), distinct(ids), spending) })),
    changedSince: async (entity, options: ChangedSince) =>
      await costed(async (spending) => {
        const { rows, next } = await walk.page(entityName(entity), options, ['Id', 'SystemModstamp'], false, spending);
        return { readings: await retrieval.many(entity, distinct(rows.flatMap((row) => idIn(row, 'Id') ?? [])), spending), next };
      }),
    deletedSince: async (entity, options: ChangedSince) => await costed(async (spending) => await deletions.page(entityName(entity), options, spending)),
    survivors: async (entity, ids) =>
      await costed(async (spending) => {
        const asked = distinct(ids);
        const found = await presence.of(entityName(entity), asked, spending);
        return { readings: asked.flatMap((id) => found.get(id) ?? []) };
      }),
    list: async (entity, { after, limit }) =>
      await costed(async (spending) => {
        const { rows, next } = await walk.page(entityName(entity), { after, since: null, ...(limit === undefined ? {} : { limit }) }, ['Id'], false, spending);
        return { ids: distinct(rows.flatMap((row) => idIn(row, 'Id') ?? [])), next };
      }),
    count: async (entity, stamped) =>
      await costed(async (spending) => {
        const { value, window } = await query(`count ${entityName(entity)}`, countAll(entity, stamped ?? null), spending);
        const count = isJsonObject(value) ? value['totalSize'] : undefined;
        if (typeof count !== 'number') throw new ProviderError('unavailable', `count ${entity}: the answer holds no count`);
        return { count, window };
      }),
    relayFeedback: async () =>
      await costed(async (spending) => {
        const { value, window } = await query('query EventRelayFeedback', RELAY_FEEDBACK_QUERY, spending);
        return { relays: relayStates(value), window };
      }),
    limits: () => client.limits(),
    breaker: () => client.breaker(),
    close: async () => {
      await client.close();
    },
  };
}

async function costed<T extends object>(operation: (spending: Spending) => Promise<T>): Promise<T & { readonly calls: number }> {
  const spending: Spending = { calls: 0 };
  try {
    return { ...(await operation(spending)), calls: spending.calls };
  } catch (error) {
    if (error instanceof AnswerTooLargeError) throw new ProviderError('invalid', error.message, { code: 'too_large', cause: error });
    throw error;
  }
}
