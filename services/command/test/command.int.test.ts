import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { connectNats, ensureTopology, streamStatus } from '@clientele/messaging';
import { eventually, keyedRoutesContract, spawnService, startNats } from '@clientele/testing';
import type { DeadLetterPage } from '../src/dead-letters/dead-letter.ts';
import { DeadLetterStore } from '../src/dead-letters/dead-letter-store.ts';
import { change, quarantineBody, SOURCE } from './support/commands.ts';
import { createPool } from '@clientele/service-kit';
import { MigrationSettings } from '../src/settings.ts';
import { sharedPostgres, testSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);

t.test('a change goes from its lane to the log', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const created = change({ type: 'Created', data: { Name: 'Acme' } });
  await system.send(created);
  t.match(await system.accounted(1), { accepted: 1, repeats: 0, unaccounted: 0, outcomes: { applied: 1 } });
  t.match(await system.events(), [
    { position: 1, version: 1, type: 'Created', change_id: created.commandId, external_id: created.event.external_id },
  ]);

  t.test('a repeat is counted and nothing else', async (t) => {
    await system.send(created);
    await system.send(created);
    t.match(await system.accounted(3), { accepted: 3, repeats: 2, unaccounted: 0 });
    t.equal((await system.events()).length, 1);
  });

  t.test('what cannot be decided is listed, whole', async (t) => {
    const strange = change({ kind: 'unknown', sourceChangeType: 'SNAPSHOT', commitNumber: '1745500706683617281' });
    await system.send(strange, quarantineBody('<xml/>'));
    await system.send({ ...change(), rawEvent: 7 } as never);
    await system.publish('commands.1', Buffer.from('garbage'));
    t.match(await system.accounted(7), { outcomes: { applied: 1, parked: 1, quarantined: 3 }, unaccounted: 0 });
    const { body: page } = await process.get('/dead-letters?limit=3') as { body: DeadLetterPage };
    t.equal(page.items.length, 3);
    t.match(page.position, /^\d+$/);
    const { body: rest } = await process.get(`/dead-letters?limit=3&cursor=${page.next_cursor}`) as { body: DeadLetterPage };
    t.equal(rest.next_cursor, null);
    t.same(
      [...page.items, ...rest.items].map(({ reason }) => reason).sort(),
      ['unintelligible', 'unknown_change_type', 'unreadable_command', 'unreadable_command'],
    );
    const parked = await process.get(`/dead-letters?reason=unknown_change_type&source=${SOURCE}`);
    t.match(parked.body, { items: [{ id: strange.commandId, outcome: 'parked' }] });
    t.same((await process.get('/dead-letters?source=other')).body, { items: [], next_cursor: null, position: page.position });
    t.match((await process.get(`/dead-letters/${strange.commandId}`)).body, {
      id: strange.commandId, errors: [{ code: 'unknown_change_type' }],
      payload: {
        event: { metadata: { source_change_type: 'SNAPSHOT', clock: { commit_number: '1745500706683617281' } } },
        rawEvent: strange.rawEvent,
      },
    });
    t.match((await process.get(`/dead-letters/${quarantineBody('<xml/>').commandId}`)).body, { body_text: '<xml/>' });
    t.equal((await process.get('/dead-letters/20250101-nothing')).status, 404);
    t.match(await process.get('/dead-letters?cursor=x'), { status: 400 });
    t.match(await process.get('/dead-letters?limit=0'), { status: 400 });
  });

  await keyedRoutesContract(t, `http://127.0.0.1:${process.port}`);

  t.test('it tells of itself', async (t) => {
    t.match(await process.get('/health/ready'), { status: 200 });
    t.match(await process.get('/health/progress'), { status: 200 });
    const { body: metrics } = await process.get('/metrics');
    for (const name of ['stage_duration_seconds_bucket', 'changes_total', 'repeats_total', 'lane_lag_messages', 'relay_lag_events', 'bugs_total']) {
      t.match(metrics, new RegExp(`clientele_${name}`), name);
    }
    t.match(metrics, /clientele_changes_total\{outcome="parked",reason="unknown_change_type"[^}]*\} 1/);
    const { body: api } = await process.get('/openapi.json') as { body: { paths: Record<string, Record<string, { responses: object }>> } };
    t.same(Object.keys(api.paths).filter((path) => path.startsWith('/dead')).sort(), [
      '/dead-letters', '/dead-letters/groups', '/dead-letters/redrive', '/dead-letters/redrives/{id}', '/dead-letters/redrives/{id}/cancel',
      '/dead-letters/{id}', '/dead-letters/{id}/discard', '/dead-letters/{id}/resubmit',
    ]);
    for (const [path, methods] of Object.entries(api.paths).filter(([path]) => !/^.(health|metrics)/.test(path))) {
      for (const { responses } of Object.values(methods)) t.match(responses, { default: { content: { 'application/problem+json': {} } } }, path);
    }
  });
});

t.test('a custom object needs nothing but the file that CLIENTELE_CONFIG names', async (t) => {
  const system = await testSystem(t, postgres);
  const file = join(t.testdir(), 'clientele.yaml');
  await writeFile(file, `
version: 1
mapping:
  salesforce:
    Invoice__c:
      aggregate: invoice
      status: { fields: [Status__c], values: [Draft, Sent, Paid] }
      fields:
        Account__c: { as: client, references: Account }
        Payer__c: { personal: true }
`);
  await system.startCommand({ CLIENTELE_CONFIG: file });
  const invoice = { entity: 'Invoice__c', aggregateType: 'invoice', externalId: 'a015f00000AbCdEAAV' };
  await system.send(change({ ...invoice, type: 'Created', data: { Status__c: 'Draft', Payer__c: 'Ada', Amount__c: 100 } }));
  const sent = { Status__c: 'Sent', Account__c: '0015f00002J9RPfAAN' };
  await system.send(change({ ...invoice, data: sent, changedFields: Object.keys(sent) }));
  await system.send(change({ type: 'Created' }));
  t.match(await system.accounted(3), { outcomes: { applied: 2, ignored: 1 } });
  const { rows } = await system.db.query(
    `select stream_type, type, data, personal, metadata->'broadcast' as broadcast
       from clientele.events where kind = 'event' order by position`,
  );
  t.match(rows, [
    {
      stream_type: 'invoice', type: 'Created', broadcast: false,
      data: { fields: { Amount__c: 100 }, state: null }, personal: { fields: { Payer__c: 'Ada' } },
    },
    {
      stream_type: 'invoice', type: 'Updated', broadcast: true,
      personal: { state: { status: 'Sent', fields: { client: '0015f00002J9RPfAAN' } } },
    },
  ]);
});

t.test('the migration brings database and broker to what the service needs, as often as one likes', async (t) => {
  const migrate = fileURLToPath(new URL('../src/migrate.js', import.meta.url));
  const [url, nats] = await Promise.all([postgres.createDatabase(), startNats({ syncAlways: false })]);
  t.teardown(() => nats.stop());
  const env = { NODE_ENV: 'test', WRITE_DATABASE_URL: url, NATS_URL: nats.url, COMMAND_DB_PASSWORD: 'commandPassword' };
  for (const time of ['once', 'twice']) {
    const run = await spawnService(migrate, env);
    t.equal(await run.exited, 0, `${time}: ${run.output()}`);
  }
  const otherLanes = await spawnService(migrate, { ...env, LANES: '3' });
  t.equal(await otherLanes.exited, 2);
  t.match(otherLanes.output(), /failed: this log was made with 4 lanes, not 3: set LANES=4\n$/);
  const crowded = await spawnService(migrate, { ...env, EVENTS_MAX_MB: '20000' });
  t.equal(await crowded.exited, 1);
  t.match(crowded.output(), /failed: cannot bring stream EVENTS [^\n]*: raise max_file_store [^\n]*EVENTS_MAX_MB\n$/);
  const sizes = { COMMANDS_MAX_MB: '64', EVENTS_MAX_MB: '128' };
  const anew = await spawnService(migrate, { ...env, ...sizes, WRITE_DATABASE_URL: await postgres.createDatabase(), LANES: '3' });
  t.equal(await anew.exited, 0, anew.output());
  const link = await connectNats({ url: nats.url, name: 'test' });
  t.teardown(() => link.close());
  const commands = await streamStatus(link, 'commands');
  t.same(commands?.subjects, ['crm.commands.0', 'crm.commands.1', 'crm.commands.2', 'crm.quarantine.*']);
  t.equal(commands?.maxBytes, 64 * 1024 ** 2);
  t.equal((await streamStatus(link, 'events'))?.maxBytes, 128 * 1024 ** 2);
  const misconfigured = await spawnService(migrate, { NODE_ENV: 'test', LANES: 'many' });
  t.equal(await misconfigured.exited, 2);
  for (const name of ['WRITE_DATABASE_URL', 'NATS_URL', 'LANES']) t.match(misconfigured.output(), name);
  const settings = ['LOG_LEVEL', 'WRITE_DATABASE_URL', 'NATS_URL', 'LANES', 'COMMANDS_MAX_MB', 'EVENTS_MAX_MB', 'COMMAND_DB_PASSWORD', 'LOG_READER_DB_PASSWORD'];
  t.same(Object.keys(MigrationSettings.properties), settings, 'its help lists what it uses, and nothing else');
});

t.test('a service with another number of lanes does not start', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.spawnCommand({ LANES: '3' });
  t.equal(await process.exited, 2);
  t.match(process.output(), /cannot start: .* set LANES=4/);

  const agreed = await system.startCommand();
  await ensureTopology(system.nats.url, { lanes: 5 });
  t.match(await agreed.get('/health/ready'), { status: 503, body: { failing: [{ name: 'broker', reason: /LANES=4/ }] } }, 'nor is it ready while the broker takes lanes that it does not read');
});

t.test('waiting work is found without a look at all that is done', async (t) => {
  const system = await testSystem(t, postgres);
  await system.db.query(
    `insert into clientele.ledger (command_id, day, command_type, provider, source, outcome, errors, received_at, decided_at)
     select to_char(d, 'YYYYMMDD') || '-' || n, d, 'ProcessCrmEvent', 'salesforce', 's',
            case when n % 500 = 0 then 'parked' else 'applied' end, '[]', now(), now() - n * interval '1 s'
       from (select n, (now() at time zone 'UTC')::date - n % 10 as d from generate_series(1, 50000) n) rows`,
  );
  await system.db.query('analyze clientele.ledger');
  const pool = createPool(system.commandUrl, { applicationName: 'test' });
  t.teardown(() => pool.end());
  const first = await new DeadLetterStore(pool).list({ limit: 40 });
  const plans: string[] = [];
  const explaining = {
    query: async (text: string, values?: unknown[]) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
      return { rows: [] };
    },
  };
  await new DeadLetterStore(explaining as never).list({ limit: 40, ...(first.nextCursor === null ? {} : { cursor: first.nextCursor }) });
  t.notMatch(plans[0], /Seq Scan[^\n]*\.\.[1-9]/, 'empty partitions alone are read from end to end');
  t.match(plans[0], /Index Scan (using|on) ledger_\d+_decided_at_command_id_idx/);
  const second = await new DeadLetterStore(pool).list({ limit: 500, ...(first.nextCursor === null ? {} : { cursor: first.nextCursor }) });
  t.same([first.items.length, second.items.length], [40, 60], 'no page leaves one out or tells one twice');
  t.equal(new Set([...first.items, ...second.items].map(({ id }) => id)).size, 100);
});

t.test('at its start it looks after the database and the broker: what is decided leaves when its time is over', async (t) => {
  const system = await testSystem(t, postgres);
  const keeping = await system.startCommand();
  await system.send(change(), change(), change());
  await system.accounted(3);
  const stream = async () => (await system.link.manager.streams.info('COMMANDS')).state;
  const { messages, first_seq: first } = await stream();
  t.ok(messages > 0);
  keeping.kill('SIGTERM');
  await keeping.exited;

  const tomorrow = `clientele.ledger_${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`;
  await system.db.query(`drop table ${tomorrow}`);
  const looking = await system.startCommand();
  await eventually('tomorrow has its partition again', async () => (await system.db.query('select to_regclass($1) as name', [tomorrow])).rows[0].name);
  await eventually('it has looked at the lanes', async () => /^clientele_commands_fullness\{[^}]*\} (?!0$)/m.test(String((await looking.get('/metrics')).body)) || (await stream()).first_seq > first);
  t.equal((await stream()).first_seq, first, 'by default it stays for two days');
  looking.kill('SIGTERM');
  await looking.exited;

  await system.startCommand({ COMMANDS_KEPT_HOURS: '0' });
  await eventually('the lanes are empty', async () => (await stream()).messages, { until: (count) => count === 0 });
  await system.send(change());
  await system.accounted(4);
});
