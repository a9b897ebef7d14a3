import type { NatsUser } from '@clientele/testing';
import t from 'tap';
import { publishAcked } from '../src/publishing/publish-acked.ts';
import { BrokerAuthorizationError, connectNats, createMissingStream, type NatsLink } from '../src/index.ts';
import { broker, deleteStream, freshStream, linkTo } from './support.ts';

const nats = await broker(t);
const operator = await linkTo(t, nats.url, 'operator');
await freshStream(operator, 'commands');
await freshStream(operator, 'events');
await operator.nats.jetstream().publish('crm.events.internal.client.updated', 'internal');
await operator.nats.jetstream().publish('crm.events.public.client.updated', 'public');

const links = new Map<NatsUser, NatsLink>();
for (const user of ['ingest', 'command', 'projector', 'consumer'] as const) links.set(user, await linkTo(t, nats.urlFor(user)));

function linkOf(user: NatsUser): NatsLink {
  const link = links.get(user);
  if (link === undefined) throw new Error(`no link for ${user}`);
  return link;
}

/** Whether the broker lets the user send this request: what it answers does not matter. */
async function mayRequest(user: NatsUser, subject: string, body: unknown = {}): Promise<boolean> {
  try {
    await linkOf(user).nats.request(subject, JSON.stringify(body), { timeout: 5000 });
    return true;
  } catch (error) {
    if (String(error).toLowerCase().includes('permissions violation')) return false;
    throw error;
  }
}

async function maySubscribe(user: NatsUser, subject: string): Promise<boolean> {
  const { nats: client } = linkOf(user);
  return await new Promise((resolve) => {
    const subscription = client.subscribe(subject, { callback: (error) => resolve(error === null) });
    // The broker answers in order: a refusal comes before the answer to a flush.
    void client.flush().then(() => {
      resolve(true);
      subscription.unsubscribe();
    });
  });
}

const consumerOf = (stream: string, filter: string): [string, unknown] =>
  [`$JS.API.CONSUMER.CREATE.${stream}.probe.${filter}`, { stream_name: stream, config: { name: 'probe', filter_subject: filter, ack_policy: 'none', inactive_threshold: 1e9 } }];

const MAY: Readonly<Record<string, { readonly request: [string, unknown?]; readonly users: readonly NatsUser[] }>> = {
  'write a lane': { request: ['crm.commands.0'], users: ['ingest', 'command'] },
  'write a quarantine lane': { request: ['crm.quarantine.salesforce'], users: ['ingest', 'command'] },
  'write public events': { request: ['crm.events.public.client.updated'], users: ['command'] },
  'write internal events': { request: ['crm.events.internal.client.updated'], users: ['command'] },
  'see how COMMANDS stands': { request: ['$JS.API.STREAM.INFO.COMMANDS'], users: ['ingest', 'command'] },
  'see how EVENTS stands': { request: ['$JS.API.STREAM.INFO.EVENTS'], users: ['command', 'projector', 'consumer'] },
  'make COMMANDS anew': { request: ['$JS.API.STREAM.CREATE.COMMANDS', { name: 'COMMANDS' }], users: ['ingest', 'command'] },
  'make EVENTS anew': { request: ['$JS.API.STREAM.CREATE.EVENTS', { name: 'EVENTS' }], users: ['command'] },
  'change COMMANDS': { request: ['$JS.API.STREAM.UPDATE.COMMANDS', { name: 'COMMANDS' }], users: [] },
  'delete COMMANDS': { request: ['$JS.API.STREAM.DELETE.COMMANDS'], users: [] },
  'delete EVENTS': { request: ['$JS.API.STREAM.DELETE.EVENTS'], users: [] },
  'make another stream': { request: ['$JS.API.STREAM.CREATE.OTHER', { name: 'OTHER', subjects: ['other'] }], users: [] },
  'purge COMMANDS': { request: ['$JS.API.STREAM.PURGE.COMMANDS', { filter: 'crm.commands.63' }], users: ['command'] },
  'purge EVENTS': { request: ['$JS.API.STREAM.PURGE.EVENTS', { filter: 'crm.events.none' }], users: ['command'] },
  'delete a message': { request: ['$JS.API.STREAM.MSG.DELETE.COMMANDS', { seq: 1000 }], users: [] },
  'read a lane': { request: consumerOf('COMMANDS', 'crm.commands.0'), users: ['command'] },
  'read every event': { request: ['$JS.API.CONSUMER.CREATE.EVENTS.probe', { stream_name: 'EVENTS', config: { name: 'probe', ack_policy: 'none', inactive_threshold: 1e9 } }], users: ['projector'] },
  'read one event by its sequence': { request: ['$JS.API.STREAM.MSG.GET.EVENTS', { seq: 1 }], users: ['command', 'projector'] },
  'read one command by its sequence': { request: ['$JS.API.STREAM.MSG.GET.COMMANDS', { seq: 1 }], users: ['command'] },
};

for (const [what, { request: [subject, body], users }] of Object.entries(MAY)) {
  t.test(`who may ${what}`, async (t) => {
    for (const user of links.keys()) t.equal(await mayRequest(user, subject, body), users.includes(user), user);
  });
}

t.test('answers are read by those who asked alone', async (t) => {
  for (const user of links.keys()) {
    for (const other of ['ingest', 'command', 'projector', 'consumer', 'operator']) {
      t.equal(await maySubscribe(user, `_INBOX_${other}.>`), user === other, `${user} and the inbox of ${other}`);
    }
    t.notOk(await maySubscribe(user, '_INBOX.>'), user);
    t.notOk(await maySubscribe(user, '>'), user);
    t.equal(await maySubscribe(user, 'crm.events.public.>'), user === 'consumer', `${user} and public events`);
    t.notOk(await maySubscribe(user, 'crm.events.>'), user);
    t.notOk(await maySubscribe(user, 'crm.commands.*'), user);
  }
});

t.test('an application reads public events from the stream, and cannot widen what it reads', async (t) => {
  const { nats: client, manager } = linkOf('consumer');
  const filter = 'crm.events.public.>';
  const subject = `$JS.API.CONSUMER.CREATE.EVENTS.consumer.${filter}`;
  const create = async (config: object): Promise<string> =>
    (await client.request(subject, JSON.stringify({ stream_name: 'EVENTS', config: { name: 'consumer', ack_policy: 'none', ...config } }), { timeout: 5000 })).string();
  for (const wider of [{ filter_subject: 'crm.events.>' }, { filter_subjects: ['crm.events.>'] }, { filter_subjects: ['crm.events.internal.>'] }, {}]) {
    t.match(await create(wider), /"error"/, JSON.stringify(wider));
  }
  t.notMatch(await create({ filter_subject: filter }), /"error"/);
  const { state } = await operator.manager.streams.info('EVENTS', { subjects_filter: filter });
  t.equal((await manager.consumers.info('EVENTS', 'consumer')).num_pending, Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0));
  t.ok(state.messages > (state.subjects?.['crm.events.public.client.updated'] ?? 0), 'there are others');
});

t.test('who makes a stream anew makes it with its settings', async (t) => {
  await deleteStream(operator, 'commands');
  await deleteStream(operator, 'events');
  await createMissingStream(linkOf('ingest'), 'commands');
  await createMissingStream(linkOf('command'), 'events');
  t.match((await operator.manager.streams.info('COMMANDS')).config, { discard: 'new', max_age: 0 });
  t.match((await operator.manager.streams.info('EVENTS')).config, { discard: 'old' });
});

t.test('a wrong password is told at once', async (t) => {
  await t.rejects(connectNats({ url: nats.url.replace(/:[^:@]+@/, ':wrong@'), name: 'test' }), BrokerAuthorizationError);
});

t.test('a publish that the user may not make is a refusal at once, not an unknown result', async (t) => {
  const message = { subject: 'crm.events.public.client.updated', data: Buffer.from('{}') };
  t.match(await publishAcked(linkOf('ingest'), 'events', message, 30_000), { kind: 'refused', why: 'not_permitted' });
});

t.test('who waits for a broker says so once, and not for ever', async (t) => {
  const events: unknown[] = [];
  await t.rejects(connectNats({ url: 'nats://127.0.0.1:9', name: 'test', waitMs: 800, onEvent: (event) => void events.push(event) }), { name: 'UnavailableError' });
  t.same(events, [{ type: 'waiting', detail: 'no broker answers yet at 127.0.0.1:9' }]);
});
