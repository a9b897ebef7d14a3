import { isJsonObject, sameValue, type Json } from '@clientele/domain';
import { FULL_LIFE, relayFeed, SalesforceOrg, startSalesforce, type SalesforceServer } from '@clientele/testing';
import t, { type Test } from 'tap';
import { createProvider, ProviderError, type Reading, type ReadableSource, type RecordSource } from '../src/index.ts';
import { systemRuntime } from '../src/records/runtime.ts';

const ENTITIES = ['Account', 'Contact', 'Opportunity', 'Lead'] as const;

/** A whole org at the end of an eventful history, and a source that reads it. */
async function scene(t: Test, habits: Parameters<typeof startSalesforce>[0]['habits'] = {}, jwt = false): Promise<{ server: SalesforceServer; source: RecordSource }> {
  const org = new SalesforceOrg({ seed: 'records', records: 300, changes: 2500, life: { ...FULL_LIFE, vanishings: 0.01, formulas: true } });
  for (const _ of relayFeed(org)) { /* The org lives as its feed is walked through. */ }
  const server = await startSalesforce({ org, habits });
  const { clientId, clientSecret, username, privateKey } = server.credentials;
  const env = { ID: clientId, SECRET: clientSecret, USER: username, KEY: privateKey };
  const credentials: ReadableSource['credentials'] = jwt
    ? { type: 'jwt_bearer', client_id: '${ID}', private_key: '${KEY}', username: '${USER}', audience: 'https://login.salesforce.com' }
    : { type: 'client_credentials', client_id: '${ID}', client_secret: '${SECRET}' };
  const provider = createProvider('salesforce', { entities: {} });
  // Its assertions live by real time, which here goes on without waiting where somebody would wait.
  const runtime = { ...systemRuntime, now: () => Date.now() + skipped, sleep: async (ms: number) => { skipped += ms; } };
  const source = await provider.records({ id: `salesforce:${org.id}`, base_url: server.baseUrl, login_url: server.baseUrl, credentials }, env, { runtime, callTimeoutMs: 1000 });
  if (source === null) throw new Error('no source');
  t.teardown(async () => {
    await source.close();
    await server.stop();
  });
  return { server, source };
}

let skipped = 0;

/** Walks to the end; what fails for a while is asked for again. */
async function walk(page: (after: string | null) => Promise<{ readings: readonly Reading[]; next: string | null }>): Promise<Reading[]> {
  const readings: Reading[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 500; pages += 1) {
    const answer: Awaited<ReturnType<typeof page>> | null = await page(after).catch((error: unknown) => {
      if (error instanceof ProviderError && ['unavailable', 'rate_limited', 'unauthorised'].includes(error.kind)) return null;
      throw error;
    });
    if (answer === null) {
      skipped += 60_000;
      continue;
    }
    readings.push(...answer.readings);
    after = answer.next;
    if (after === null) return readings;
  }
  throw new Error('no end');
}

function leaves(fields: Json, parent = ''): [string, Json][] {
  return isJsonObject(fields) ? Object.entries(fields).flatMap(([key, value]) => leaves(value, parent === '' ? key : `${parent}.${key}`)) : [[parent, fields]];
}

/** What readings and the truth of an entity do not agree on. */
function differences(server: SalesforceServer, entity: string, readings: readonly Reading[]): string[] {
  const truth = new Map(server.truth().filter((record) => record.entity === entity && record.lifecycle === 'active').map((record) => [record.externalId, record]));
  const found = readings.filter((reading) => reading.kind === 'found');
  const missing = [...truth.keys()].filter((id) => !found.some((reading) => reading.id === id));
  return [
    ...missing.map((id) => `${id} is missing`),
    ...found.flatMap(({ id, fields }) => {
      const read = new Map(leaves(fields));
      const held = truth.get(id)?.fields ?? new Map<string, Json>();
      const paths = new Set([...read.keys(), ...held.keys()]);
      return [...paths].filter((path) => !sameValue(read.get(path) ?? null, held.get(path) ?? null)).map((path) => `${id} ${path}: ${JSON.stringify(read.get(path))} for ${JSON.stringify(held.get(path))}`);
    }),
  ];
}

t.test('what is read of a whole org is the org, path by path', async (t) => {
  const { server, source } = await scene(t, {}, true);
  for (const entity of ENTITIES) {
    const readings = await walk(async (after) => await source.changedSince(entity, { after, since: null, limit: 50 }));
    t.strictSame(differences(server, entity, readings).slice(0, 5), [], `${entity}: ${readings.length} records`);
    t.equal((await source.count(entity)).count, readings.length);
    t.ok(readings.length > 30);
    const since = await walk(async (after) => await source.changedSince(entity, { after, since: new Date(0), limit: 50 }));
    t.strictSame(since.map(({ id }) => id).sort(), readings.map(({ id }) => id).sort(), 'by stamp the same ones');
    const ids = readings.slice(0, 20).map(({ id }) => id);
    const ones = await Promise.all(ids.map(async (id) => await source.fetchOne(entity, id)));
    t.strictSame(differences(server, entity, [...ones, ...readings.slice(20)]).slice(0, 5), []);
  }
});

t.test('deletions, merges and what was purged in silence', async (t) => {
  const { server, source } = await scene(t);
  // The log goes to the last whole minute; who asks again begins before that.
  server.org.clock.advance(60_000);
  for (const entity of ENTITIES) {
    const deleted = server.truth().filter((record) => record.entity === entity && record.lifecycle === 'deleted');
    const readings = await walk(async (after) => await source.deletedSince(entity, { after, since: null, limit: 40 }));
    t.strictSame(readings.map(({ id }) => id).sort(), deleted.map(({ externalId }) => externalId).sort(), `${entity}: ${deleted.length}, ${deleted.filter(({ purged }) => purged).length} of them purged`);
    const survivors = await source.survivors(entity, deleted.map(({ externalId }) => externalId));
    const wrong = survivors.readings.filter((reading, at) => {
      const { purged, supersededBy } = deleted[at]!;
      return purged ? reading.kind !== 'not_found' : reading.kind !== 'deleted' || reading.survivorId !== (supersededBy?.externalId ?? null);
    });
    t.strictSame(wrong, []);
  }
  t.ok(server.truth().some(({ purged }) => purged) && server.truth().some(({ supersededBy }) => supersededBy));
});

t.test('with every mishap at once it takes longer, and ends in the same', async (t) => {
  const share = 0.04;
  const mishaps = { unauthorized: share, limit_exceeded: share, rate_limited: share, server_error: share, unavailable: share, cut: share, truncated: share, torn: share };
  const { server, source } = await scene(t, { mishaps, nullsInErrors: true, nullsInCollections: 0.05, retryAfterSeconds: null });
  for (const entity of ENTITIES) {
    const readings = await walk(async (after) => await source.changedSince(entity, { after, since: null, limit: 60 }));
    const hidden = readings.filter(({ kind }) => kind !== 'found');
    t.strictSame([...new Set(hidden.map(({ kind }) => kind))].filter((kind) => kind !== 'not_yet_visible'), [], 'what was null is known to be there');
    const again = hidden.length === 0 ? [] : await walk(async () => ({ readings: (await source.fetchMany(entity, hidden.map(({ id }) => id))).readings, next: null }));
    const late = new Set(again.filter(({ kind }) => kind !== 'found').map(({ id }) => id));
    t.strictSame(differences(server, entity, [...readings, ...again]).filter((text) => ![...late].some((id) => text === `${id} is missing`)).slice(0, 5), [], entity);
  }
  server.next('hang');
  t.equal(typeof (await source.count('Account').catch((error: unknown) => error)), 'object', 'a hanging call ends');
});
