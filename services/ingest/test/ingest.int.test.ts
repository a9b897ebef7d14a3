import type { Command } from '@clientele/contracts';
import { connectNats, ensureTopology, JetStreamLaneFeed } from '@clientele/messaging';
import { eventually, keyedRoutesContract, spawnService, startNats, type NatsServer, type SpawnedService } from '@clientele/testing';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { accounts, body, followLanes, KEY } from './support.ts';

const ENTRY = fileURLToPath(new URL('../src/main.js', import.meta.url));
/** Far beyond what any answer may take: a request that hangs shows as one. */
const PATIENCE_MS = 20_000;

interface Ingest {
  readonly service: SpawnedService;
  readonly url: string;
  readonly post: (text: string | Uint8Array, key?: string) => Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

async function startIngest(t: Test, nats: NatsServer, env: Record<string, string> = {}): Promise<Ingest> {
  const service = await spawnService(ENTRY, { NODE_ENV: 'test', INGEST_PORT: '0', NATS_URL: nats.urlFor('ingest'), ...env });
  t.teardown(() => service.kill('SIGKILL'));
  const url = (await eventually('ingest listens', () => /"address":"([^"]+)"/.exec(service.output())?.[1]))!;
  const post: Ingest['post'] = async (text, key = KEY) => {
    const headers = { 'x-api-key': key, 'content-type': 'application/json; charset=utf-8' };
    const answer = await fetch(`${url}/events/salesforce/`, { method: 'POST', headers, body: text, signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: answer.status, headers: answer.headers, json: await answer.json() };
  };
  return { service, url, post };
}

async function startBroker(t: Test, options: Parameters<typeof startNats>[0] = {}, topology: Parameters<typeof ensureTopology>[1] = {}) {
  const nats = await startNats(options);
  t.teardown(() => nats.stop());
  await ensureTopology(nats.url, topology);
  return nats;
}

/** What is in the lanes, as the command service's user reads them. */
async function follow(t: Test, nats: NatsServer) {
  const link = await connectNats({ url: nats.urlFor('command'), name: 'test' });
  const stop = new AbortController();
  t.teardown(async () => {
    stop.abort();
    await link.close();
  });
  return { link, ...followLanes(new JetStreamLaneFeed({ link }), stop.signal) };
}

function idsOf(json: unknown): string[] {
  return (Array.isArray(json) ? json : [json]).map(({ id }: { id: string }) => id);
}

function holding(ids: readonly string[]): { until: (commands: readonly Command[]) => boolean } {
  return { until: (commands) => ids.every((id) => commands.some(({ commandId }) => commandId === id)) };
}

t.test('what is answered for is in the lanes; a broker that dies is a 503 and is found again', async (t) => {
  const nats = await startBroker(t);
  const { post, url, service } = await startIngest(t, nats);
  const lanes = await follow(t, nats);
  t.equal((await fetch(`${url}/health/ready`)).status, 200);
  await keyedRoutesContract(t, url);

  const several = await post(body(1, { recordIds: accounts(40) }));
  t.equal(several.status, 202);
  const ids = idsOf(several.json);
  const commands = await eventually('40 commands are in the lanes', () => lanes.commands(), { until: (all) => all.length === 40 });
  t.strictSame(new Set(commands.map(({ commandId }) => commandId)), new Set(ids));
  t.equal(new Set(lanes.envelopes.filter(({ count }) => count > 0).map(({ lane }) => lane)).size, 4, 'over all lanes');
  t.match(commands[0], { type: 'ProcessCrmEvent', event: { metadata: { clock: { commit_number: '1745500706683617281' } }, data: { AnnualRevenue: { value: '1250000.50' } } } });

  const truncated = Buffer.from(body(2).slice(0, 250));
  const refused = await post(truncated);
  t.match([refused.status, refused.json], [400, { errors: [{ path: 'body', code: 'json' }], quarantine_id: /^19700101-/ }]);
  const kept = await eventually('the body is in quarantine', () => lanes.commands().find((command) => command.type === 'QuarantineBody'));
  t.ok(Buffer.from(kept?.type === 'QuarantineBody' ? kept.body : '', 'base64').equals(truncated), 'byte for byte');
  t.equal((await post(body(3), 'wrong')).status, 401);
  t.equal((await post(new Uint8Array(10_000_000))).status, 413);
  const large = await post(body(4, { name: String.raw`\"\\`.repeat(60_000) }));
  t.equal(large.status, 202, 'a field of the longest kind, every character escaped');

  await nats.kill();
  for (const text of [body(5), '{']) {
    const away = await post(text);
    t.match([away.status, away.headers.get('retry-after')], [503, /^\d+$/], 'neither change nor body is taken while the broker is away');
  }
  t.match(await (await fetch(`${url}/health/ready`)).json(), { status: 'unready', failing: [{ name: 'broker' }] });
  t.equal((await fetch(`${url}/health/live`)).status, 200);
  await nats.restart();
  const again = await eventually('the broker takes changes again', () => post(body(5)), { until: ({ status }) => status === 202 });
  await eventually('the change is in its lane', () => lanes.commands(), holding(idsOf(again.json)));
  t.equal((await fetch(`${url}/health/ready`)).status, 200);
  t.equal((await fetch(`${url}/health/progress`)).status, 200);

  const repeated = await post(body(1, { recordIds: accounts(40) }));
  t.strictSame(idsOf(repeated.json), ids, 'a repetition has the same ids');
  t.equal(repeated.headers.get('location'), several.headers.get('location'));
  await nats.kill();
  const last = post(body(6)).catch(() => null);
  await eventually('a change waits for the broker', async () => /clientele_ingest_queue_bytes\{[^}]*\} [1-9]/.test(await (await fetch(`${url}/metrics`)).text()));
  service.kill('SIGTERM');
  t.equal(await service.exited, 0, 'it stops within its ten seconds, broker or not');
  t.not((await last)?.status, 202);
  t.notMatch(service.output(), /Acme|AnnualRevenue|dev-ingest-key|ingestPassword/, 'no record, key or password in the log');
});

t.test('a full stream is a 503, and unready', async (t) => {
  const nats = await startBroker(t, {}, { commandsMaxBytes: 40_000 });
  const { post, url } = await startIngest(t, nats);
  t.match(await (await fetch(`${url}/health/ready`)).json(), { status: 'unready', failing: [{ name: 'broker', reason: /full/ }] });
  const statuses: number[] = [];
  while (statuses.at(-1) !== 503 && statuses.length < 100) {
    const { status, headers } = await post(body(statuses.length));
    if (status === 503) t.match(headers.get('retry-after'), /^\d+$/);
    statuses.push(status);
  }
  t.strictSame([...new Set(statuses)], [202, 503], 'first it is taken, then it is full');
});

t.test('stopped under load: every acknowledged change is in the lanes, and the numbers are closed', async (t) => {
  const nats = await startBroker(t);
  const { service, post } = await startIngest(t, nats);
  const lanes = await follow(t, nats);
  const acknowledged: string[] = [];
  let sent = 0;
  const sender = async (): Promise<void> => {
    for (;;) {
      const answer = await post(body((sent += 1), { recordIds: [accounts(sent).at(-1) ?? ''] })).catch(() => null);
      if (answer?.status !== 202) return;
      acknowledged.push(...idsOf(answer.json));
    }
  };
  const senders = Promise.all(Array.from({ length: 16 }, sender));
  await eventually('load runs', () => acknowledged.length > 200);
  service.kill('SIGTERM');
  t.equal(await service.exited, 0);
  await senders;
  await eventually('all are there', () => lanes.commands(), holding(acknowledged));
  const closed = (lane: string): boolean => {
    const ofLane = lanes.envelopes.filter((envelope) => envelope.lane === lane);
    const numbered = ofLane.reduce((sum, { count }) => sum + count, 0);
    return ofLane.at(-1)?.count === 0 && ofLane.at(-1)?.first === numbered + 1;
  };
  await eventually('each lane ends with an empty envelope of its next number', () => lanes.envelopes.every(({ lane }) => closed(lane)));
});

t.test('killed in the middle of a request: its repetition completes what was stored in part', async (t) => {
  const nats = await startBroker(t);
  const lanes = await follow(t, nats);
  const several = body(1, { recordIds: accounts(40) });
  for (const fault of ['dispatch.before-publish#2', 'dispatch.after-publish']) {
    const { service, post } = await startIngest(t, nats, { CLIENTELE_FAULT: fault });
    await t.rejects(post(several), `${fault}: no answer`);
    t.equal(await service.exited, null);
  }
  const { post } = await startIngest(t, nats);
  const answer = await post(several);
  t.equal(answer.status, 202);
  const ids = idsOf(answer.json);
  const commands = await eventually('all 40 are in the lanes', () => lanes.commands(), holding(ids));
  t.strictSame(new Set(commands.map(({ commandId }) => commandId)), new Set(ids), 'under the same ids, and nothing else');
});

t.test('bodies are limited by what the broker takes, or the start fails', async (t) => {
  const nats = await startBroker(t, { maxPayload: '1MB' });
  const { service, post } = await startIngest(t, nats);
  t.match(service.output(), /"limit":344064,.*"bodies are limited by the max_payload of the broker"/);
  const padded = (size: number): string => body(1).padEnd(size, ' ');
  t.equal((await post(padded(344_065))).status, 413);
  t.equal((await post(padded(344_064))).status, 202);
  const worst = Buffer.from(`{"unfinished":"${'"'.repeat(344_000)}`).subarray(0, 344_064);
  t.equal((await post(worst)).status, 400, 'the largest body that nobody understands can be kept');

  const small = await startBroker(t, { maxPayload: '256KB' });
  const failing = await spawnService(ENTRY, { NODE_ENV: 'test', INGEST_PORT: '0', NATS_URL: small.urlFor('ingest') });
  t.equal(await failing.exited, 1);
  t.match(failing.output(), /max_payload is 262144 bytes, and ingest needs at least/);
});

t.test('lanes that the broker does not take fail the start, by their name', async (t) => {
  const nats = await startBroker(t, {}, { lanes: 4 });
  const other = await spawnService(ENTRY, { NODE_ENV: 'test', INGEST_PORT: '0', NATS_URL: nats.urlFor('ingest'), LANES: '8' });
  t.equal(await other.exited, 2);
  t.match(other.output(), /cannot start: LANES=8 is not what the stream COMMANDS takes \(crm\.commands\.0, .*crm\.commands\.3, crm\.quarantine\.\*\)/);

  const { url } = await startIngest(t, nats);
  await ensureTopology(nats.url, { lanes: 8 });
  t.match(await (await fetch(`${url}/health/ready`)).json(), { status: 'unready', failing: [{ name: 'broker', reason: /LANES=4/ }] });
});

t.test('in production a sender that no source names is quarantined; a broker that lost COMMANDS makes unready, one that refuses the user ends the process', async (t) => {
  const nats = await startBroker(t);
  const operator = await connectNats({ url: nats.url, name: 'test' });
  t.teardown(() => operator.close());
  const { service, post, url } = await startIngest(t, nats, { NODE_ENV: 'production', INGEST_API_KEYS: 'sender:own-key' });
  t.equal((await post(body(1), KEY)).status, 401, 'the key of development is none');
  t.match(await post(body(1), 'own-key'), { status: 202, json: { status: 'quarantined', reason: 'unknown_source' } });
  const { state } = await operator.manager.streams.info('COMMANDS', { subjects_filter: '>' });
  t.strictSame(state.subjects, { 'crm.quarantine.salesforce': 1 }, 'the body is kept, and no change is made of it');

  await operator.manager.streams.delete('COMMANDS');
  t.match(await (await fetch(`${url}/health/ready`)).json(), { status: 'unready', failing: [{ name: 'broker', reason: /COMMANDS is missing/ }] });

  await nats.kill();
  const passwords = { operator: 'changed', ingest: 'changed', command: 'changed', projector: 'changed', consumer: 'changed' };
  const other = await startNats({ port: nats.port, passwords });
  t.teardown(() => other.stop());
  t.equal(await eventually('its end', () => Promise.race([service.exited, Promise.resolve('it runs')]), { until: (end) => end !== 'it runs' }), 1);
  t.match(service.output(), /"level":"fatal".*authorization/i);
});

t.test('settings that are wrong are all named at once', async (t) => {
  const service = await spawnService(ENTRY, { INGEST_PORT: 'seventy', QUERY_PUBLIC_URL: 'clientele.example.com', LANES: '0' });
  t.equal(await service.exited, 2);
  for (const variable of ['INGEST_PORT', 'INGEST_API_KEYS is missing', 'NATS_URL is missing', 'QUERY_PUBLIC_URL', 'LANES']) t.match(service.output(), variable);
});
