import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { numberLiteral, parseExact, stringifyExact } from '@clientele/contracts';
import {
  ClientDomainService, clockOf, effectiveFields, fieldWrites, initialRecord, isJsonObject,
  type AggregateDefinition, type Change, type ChangeKind, type Json, type JsonObject, type RecordState,
} from '@clientele/domain';
import t from 'tap';
import { ApiDestination, DEFAULT_START, relayFeed, SalesforceOrg, type FeedOptions, type OrgOptions, type RelayEvent } from '../src/index.ts';

const small: OrgOptions = { seed: 'one', records: 120, changes: 900 };
const bad: FeedOptions = { merge: true, reorder: 50, repeat: 0.2 };
const bodies = (org: OrgOptions, feed: FeedOptions = {}) => Array.from(relayFeed(new SalesforceOrg(org), feed), ({ body }) => body);

const definition: AggregateDefinition = {
  type: 'any', statusPaths: [], statusValues: null, silentStatuses: [], announceWithdrawal: true, names: {}, references: {}, personal: [], conversion: null,
};
const KINDS: Record<string, ChangeKind> = { CREATE: 'create', UPDATE: 'update', DELETE: 'delete', UNDELETE: 'undelete' };

t.test('a seed gives the same bytes again', (t) => {
  t.strictSame(bodies(small, bad), bodies(small, bad));
  t.not(bodies(small, bad)[0], bodies({ ...small, seed: 'two' }, bad)[0]);
  t.not(new SalesforceOrg(small).id, new SalesforceOrg({ ...small, records: 121 }).id, 'orgs with other histories have other ids');
  t.equal(new SalesforceOrg({ ...small, id: '00D5e0000002OneEAE' }).source, 'salesforce:00D5e0000002OneEAE', 'unless told');
  t.end();
});

t.test('the feed is a relay\'s', (t) => {
  const events = bodies({ ...small, changes: 3000 });
  const seen = { types: new Set<unknown>(), entities: new Set<unknown>(), users: new Set<unknown>(), nulls: 0, components: 0, compounds: 0, exact: 0 };
  for (const text of events) {
    const event = object(parseExact(text));
    const detail = object(event['detail']);
    const { ChangeEventHeader, ...fields } = object(detail['payload']);
    const header = object(ChangeEventHeader);
    seen.types.add(header['changeType']);
    seen.entities.add(header['entityName']);
    seen.users.add(header['commitUser']);
    assert.match(numberLiteral(header['commitNumber']) ?? '', /^17\d{17}$/, 'every digit of a commit number is there');
    assert.equal(Number(header['commitTimestamp']) % 1000, 0);
    assert.ok(Number(header['commitTimestamp']) >= DEFAULT_START);
    assert.ok(checked(textOf(list(header['recordIds'])[0])), 'an id has the check characters that fit');
    const changed = list(header['changedFields']).map(textOf);
    if (header['changeType'] === 'DELETE') assert.deepEqual(fields, {}, 'a deletion is a header alone');
    if (header['changeType'] !== 'UPDATE') assert.deepEqual(changed, []);
    else assert.deepEqual(fieldWrites(fields).filter(({ path }) => !changed.some((name) => name === path || name.startsWith(`${path}.`))), [], 'all are named as changed');
    if (Object.values(fields).includes(null)) seen.nulls += 1;
    if (Object.keys(fields).some((name) => name.endsWith('Address') && fields[name] === null)) seen.compounds += 1;
    if (changed.some((name) => name.includes('.'))) seen.components += 1;
    if (/:\d+\.\d0[,}]/.test(text)) seen.exact += 1;
  }
  t.strictSame([...seen.types].sort(), ['CREATE', 'DELETE', 'UNDELETE', 'UPDATE']);
  t.strictSame([...seen.entities].sort(), ['Account', 'Contact', 'Lead', 'Opportunity']);
  t.equal(seen.users.size, 5);
  for (const [what, times] of Object.entries({ nulls: seen.nulls, compounds: seen.compounds, components: seen.components, exact: seen.exact })) t.ok(times > 10, `${what}: ${times}`);
  t.end();
});

t.test('the flags do what they say, and nothing else', (t) => {
  const plain = Array.from(relayFeed(new SalesforceOrg(small)));
  const merged = Array.from(relayFeed(new SalesforceOrg(small), { merge: true }));
  const changes = (events: readonly RelayEvent[]) => events.reduce((sum, { records }) => sum + records, 0);
  t.equal(changes(merged), changes(plain), 'merging loses no change');
  t.equal(changes(plain), plain.length);
  t.ok(merged.length < plain.length - 20, `${merged.length} events for ${plain.length} changes`);
  const positions = (feed: FeedOptions) => bodies(small, feed).map(positionOf);
  const inOrder = positions({});
  t.strictSame(inOrder, [...inOrder].sort(), 'without reordering, events come as they were committed');
  const reordered = positions({ reorder: 30 });
  t.notSame(reordered, inOrder);
  t.strictSame([...reordered].sort(), inOrder, 'reordering loses and repeats nothing');
  t.strictSame(positions({ unheard: 100 }), inOrder.slice(100));
  t.strictSame([...positions({ unheard: 100, reorder: 30 })].sort(), inOrder.slice(100), 'nothing comes late of what nobody heard');
  const repeated = positions({ repeat: 0.25 });
  t.ok(repeated.length > inOrder.length * 1.2 && repeated.length < inOrder.length * 1.3, `${repeated.length} for ${inOrder.length}`);
  t.strictSame([...new Set(repeated)].sort(), inOrder, 'repetition adds nothing new');
  t.end();
});

t.test('the org\'s truth is what its feed leads to', (t) => {
  for (const feed of [{}, bad]) {
    const org = new SalesforceOrg({ ...small, changes: 4000 });
    const states = fold(Array.from(relayFeed(org, feed), ({ body }) => body));
    const truth = org.truth();
    t.equal(truth.length, 120);
    t.equal(states.size, truth.length);
    t.ok(truth.some(({ lifecycle }) => lifecycle === 'deleted'));
    for (const { externalId, entity, lifecycle, fields } of truth) {
      const state = states.get(externalId) ?? initialRecord;
      const known = Array.from(effectiveFields(state), ([path, { value }]) => [path, stringifyExact(value)]).filter(([, text]) => text !== 'null').sort();
      t.strictSame({ lifecycle: state.lifecycle, complete: state.complete, known },
        { lifecycle, complete: true, known: Array.from(fields, ([path, value]) => [path, stringifyExact(value)]).sort() }, `${entity} ${externalId}`);
    }
  }
  t.end();
});

t.test('events are delivered as EventBridge delivers them', async (t) => {
  const heard: { headers: IncomingHttpHeaders; body: string; at: number }[] = [];
  let answers: ((response: ServerResponse) => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8'), at: performance.now() });
      (answers.shift() ?? ((ok) => ok.writeHead(202).end()))(response);
    });
  });
  await listening(server);
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const destination = (more: Partial<ConstructorParameters<typeof ApiDestination>[0]> = {}) => {
    heard.length = 0;
    return new ApiDestination({
      url: `http://127.0.0.1:${port}/events`, apiKey: { value: 'secret' }, ratePerSecond: 10_000, retry: { firstPauseMs: 1, longestPauseMs: 5 }, ...more,
    });
  };
  const status = (code: number, headers: Record<string, string> = {}) => (response: ServerResponse): void => { response.writeHead(code, headers).end(); };

  await t.test('its headers', async (t) => {
    t.strictSame(await destination().deliver('{"ü":1}'), { delivered: true, attempts: 1, last: 202 });
    t.match(heard[0], {
      body: '{"ü":1}',
      headers: {
        'user-agent': 'Amazon/EventBridge/ApiDestinations', 'content-type': 'application/json; charset=utf-8', range: 'bytes=0-1048575',
        'accept-encoding': 'gzip,deflate', connection: 'close', 'content-length': '8', host: `127.0.0.1:${port}`, 'x-api-key': 'secret',
      },
    });
  });

  await t.test('what it retries, and what it does not', async (t) => {
    const retried = [401, 407, 409, 429, 500, 502, 503, 504];
    answers = retried.map((code) => status(code));
    t.strictSame(await destination().deliver('{}'), { delivered: true, attempts: retried.length + 1, last: 202 });
    for (const code of [304, 400, 403, 404, 413, 422]) {
      answers = [status(code)];
      t.strictSame(await destination().deliver('{}'), { delivered: false, attempts: 1, last: code });
    }
    answers = [(response) => { response.destroy(); }];
    t.strictSame(await destination().deliver('{}'), { delivered: true, attempts: 2, last: 202 }, 'a cut connection');
    answers = [(response) => { response.writeHead(202).write('{'); }];
    t.strictSame(await destination({ timeoutMs: 100 }).deliver('{}'), { delivered: true, attempts: 2, last: 202 }, 'an answer that does not end in time');
    t.strictSame(await new ApiDestination({ url: `http://127.0.0.1:1/`, apiKey: { value: '' }, retry: { attempts: 3, firstPauseMs: 1 } }).deliver('{}'),
      { delivered: false, attempts: 3, last: 'connection' }, 'nobody there');
  });

  await t.test('how long it waits', async (t) => {
    answers = [status(503, { 'Retry-After': '1' })];
    await destination().deliver('{}');
    t.ok(heard[1]!.at - heard[0]!.at > 950, 'as long as the endpoint asks');
    answers = [status(503, { 'Retry-After': '-1' })];
    t.strictSame(await destination().deliver('{}'), { delivered: false, attempts: 1, last: 503 }, 'a negative Retry-After ends it');
    answers = Array.from({ length: 9 }, () => status(500));
    t.strictSame(await destination({ retry: { attempts: 4, firstPauseMs: 1 } }).deliver('{}'), { delivered: false, attempts: 4, last: 500 });
    answers = Array.from({ length: 9 }, () => status(429, { 'Retry-After': '60' }));
    t.strictSame(await destination({ retry: { maxAgeMs: 1000 } }).deliver('{}'), { delivered: false, attempts: 1, last: 429 }, 'older than the policy lets an event become');
  });

  await t.test('many at once, within its bounds', async (t) => {
    let open = 0;
    let most = 0;
    answers = Array.from({ length: 60 }, () => async (response: ServerResponse) => {
      most = Math.max(most, (open += 1));
      await delay(2);
      open -= 1;
      response.writeHead(202).end();
    });
    const sender = destination({ concurrency: 7 });
    const done: string[] = [];
    await sender.deliverAll(Array.from({ length: 60 }, (_, n) => ({ body: `[${n}]` })), ({ body }, { delivered }) => { if (delivered) done.push(body); });
    t.equal(new Set(done).size, 60);
    t.ok(most > 1 && most <= 7, `${most} at once`);
    t.strictSame(sender.counts, { sent: 60, accepted: 60, retried: 0, dropped: 0, inFlight: 0, lastFailure: null });
    const paced = destination({ ratePerSecond: 100 });
    const begun = performance.now();
    await paced.deliverAll(Array.from({ length: 21 }, () => ({ body: '{}' })));
    t.ok(performance.now() - begun > 190, 'no faster than its rate');
  });

  await t.test('it stops when told', async (t) => {
    const stop = new AbortController();
    answers = [status(503, { 'Retry-After': '3600' })];
    const delivery = destination({ signal: stop.signal }).deliver('{}');
    while (heard.length === 0) await delay(1);
    stop.abort();
    t.match(await delivery, { delivered: false });
  });
});

/** The records that envelopes lead to, by the domain alone. */
function fold(events: readonly string[]): Map<string, RecordState> {
  const states = new Map<string, RecordState>();
  for (const change of events.flatMap(changesOf)) {
    const { externalId } = change.key;
    states.set(externalId, ClientDomainService.processCrmEvent(change, states.get(externalId) ?? initialRecord, definition).stateAfter);
  }
  return states;
}

function changesOf(text: string): Change[] {
  const { ChangeEventHeader, ...fields } = object(object(object(parseExact(text))['detail'])['payload']);
  const header = object(ChangeEventHeader);
  return list(header['recordIds']).map(textOf).map((externalId) => {
    const id = `${textOf(header['transactionKey'])}/${textOf(header['sequenceNumber'])}/${externalId}`;
    const clock = clockOf({
      commitTime: Number(header['commitTimestamp']), commitNumber: numberLiteral(header['commitNumber']) ?? '', sequenceNumber: Number(header['sequenceNumber']), changeId: id,
    });
    const kind = KINDS[textOf(header['changeType'])]!;
    return { id, kind, key: { source: 's', entity: textOf(header['entityName']), externalId }, clock, fields: fieldWrites(fields), occurredAt: '' };
  });
}

/** What sorts events as they were committed. */
function positionOf(text: string): string {
  const [change] = changesOf(text);
  return change!.clock;
}

function object(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) throw new TypeError(`no object: ${stringifyExact(value)}`);
  return value;
}

function textOf(value: Json | undefined): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new TypeError(`no text: ${stringifyExact(value)}`);
  return String(value);
}

function list(value: Json | undefined): readonly Json[] {
  if (!isList(value)) throw new TypeError(`no list: ${stringifyExact(value)}`);
  return value;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The rule of the check characters as Salesforce tells it, bit by bit. */
function checked(id: string): boolean {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
  const bits = [...id.slice(0, 15)].map((character) => (/[A-Z]/.test(character) ? '1' : '0'));
  return id.slice(15) === [0, 5, 10].map((start) => alphabet[Number.parseInt(bits.slice(start, start + 5).reverse().join(''), 2)]).join('');
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
}
