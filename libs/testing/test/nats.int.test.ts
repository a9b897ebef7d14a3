import { execFile } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { eventually, natsBinary, startNats, type NatsServer, type NatsUser } from '../src/index.ts';

/** Speaks the protocol as text: what the server answers to these lines, up to the PONG or the error that ends them. */
async function converse(server: NatsServer, user: NatsUser, password: string, lines: string[], ending = /PONG\r\n$/): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port: server.port, host: '127.0.0.1' });
    let seen = '';
    socket.setTimeout(5000, () => socket.destroy(new Error(`no end in sight: ${seen}`)));
    socket.on('data', (data) => {
      if (seen === '') {
        const login = JSON.stringify({ verbose: false, pedantic: false, user, pass: password, headers: true });
        socket.write([`CONNECT ${login}`, ...lines, 'PING', ''].join('\r\n'));
      }
      seen += data.toString();
      if (ending.test(seen)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(seen));
  });
}

function request(subject: string, body: string, inbox: string): string {
  return [`SUB ${inbox}.1 1`, `PUB ${subject} ${inbox}.1 ${Buffer.byteLength(body)}`, body].join('\r\n');
}

/** The violation may come after the PONG. */
const VIOLATION = /Violation[^\r]*\r\n/;
const password = (user: NatsUser): string => `${user}Password`;
const stream = JSON.stringify({ name: 'COMMANDS', subjects: ['crm.commands.*'], storage: 'file', retention: 'limits' });

t.test('the broker as production has it', async (t) => {
  const server = await startNats();
  t.teardown(async () => await server.stop());

  await t.test('takes its users with their passwords alone', async (t) => {
    t.match(await converse(server, 'ingest', 'wrong', []), /Authorization Violation/);
    const greeting = await converse(server, 'ingest', password('ingest'), []);
    t.match(greeting, /PONG/);
    t.match(greeting, '"max_payload":16777216');
    t.match(greeting, '"jetstream":true');
  });

  await t.test('operator makes streams; ingest neither changes nor empties them', async (t) => {
    const create = request('$JS.API.STREAM.CREATE.COMMANDS', stream, '_INBOX_operator');
    t.match(await converse(server, 'operator', password('operator'), [create], /"did_create":true/), /"did_create":true/);
    for (const call of ['UPDATE', 'DELETE', 'PURGE']) {
      const attempt = request(`$JS.API.STREAM.${call}.COMMANDS`, stream, '_INBOX_ingest');
      t.match(await converse(server, 'ingest', password('ingest'), [attempt], VIOLATION), /Permissions Violation for Publish/, call);
    }
  });

  await t.test('ingest writes lanes, and reads neither them nor the replies to others', async (t) => {
    t.match(await converse(server, 'ingest', password('ingest'), [request('crm.commands.0', 'hello', '_INBOX_ingest')], /"seq":1/), /"stream":"COMMANDS"/);
    for (const subject of ['crm.commands.0', 'crm.events.>', '_INBOX_command.>', '_INBOX.>', '>']) {
      t.match(await converse(server, 'ingest', password('ingest'), [`SUB ${subject} 9`], VIOLATION), /Permissions Violation for Subscription/, subject);
    }
  });

  await t.test('a consumer outside hears public events alone', async (t) => {
    t.notMatch(await converse(server, 'consumer', password('consumer'), ['SUB crm.events.public.> 9']), /Violation/);
    t.match(await converse(server, 'consumer', password('consumer'), ['SUB crm.events.internal.> 9'], VIOLATION), /Permissions Violation for Subscription/);
    const forbidden = ['CREATE.EVENTS.consumer', 'CREATE.EVENTS.consumer.crm.events.>', 'MSG.NEXT.EVENTS.projector', 'DELETE.EVENTS.projector'];
    for (const call of forbidden) {
      const attempt = request(`$JS.API.CONSUMER.${call}`, '{}', '_INBOX_consumer');
      t.match(await converse(server, 'consumer', password('consumer'), [attempt], VIOLATION), /Permissions Violation for Publish/, call);
    }
  });

  await t.test('what was acknowledged is there after a crash', async (t) => {
    await server.kill();
    await server.restart();
    const info = request('$JS.API.STREAM.INFO.COMMANDS', '', '_INBOX_operator');
    t.match(await converse(server, 'operator', password('operator'), [info], /"messages":1/), /"messages":1/);
  });
});

t.test('settings that a test wants otherwise', async (t) => {
  const server = await startNats({ maxPayload: '1MB', syncAlways: false });
  t.teardown(async () => await server.stop());
  t.match(await converse(server, 'operator', password('operator'), []), '"max_payload":1048576');
  await t.rejects(startNats({ port: server.port }), /address already in use/);
});

t.test('which binary', async (t) => {
  const folder = t.testdir({ old: '#!/bin/sh\necho "nats-server: v2.9.10"\n', new: '#!/bin/sh\necho "nats-server: v2.12.1"\n', bin: { 'nats-server': '#!/bin/sh\necho "nats-server: v2.9.10"\n' } });
  for (const file of ['old', 'new', 'bin/nats-server']) chmodSync(`${folder}/${file}`, 0o755);
  t.same(await natsBinary({ NATS_SERVER_BIN: `${folder}/new` }), { path: `${folder}/new`, version: '2.12.1' });
  await t.rejects(natsBinary({ NATS_SERVER_BIN: `${folder}/old` }), /which is 2\.9\.10: 2\.10 or later is needed/);
  await t.rejects(natsBinary({ NATS_SERVER_BIN: `${folder}/none` }), /not a nats-server that runs here/);
});

t.test('processes that fetch at once end with one whole binary', async (t) => {
  const dataDir = t.testdir();
  const entry = new URL('../src/index.js', import.meta.url).href;
  const script = `import { natsBinary } from '${entry}'; console.log((await natsBinary()).path);`;
  const env = { PATH: process.env['PATH'], CLIENTELE_DATA_DIR: dataDir };
  const node = async (): Promise<string> => (await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env })).stdout.trim();
  const found = await Promise.all([node(), node(), node()]);
  t.equal(new Set(found).size, 1);
  const [path] = found;
  t.ok(path === 'nats-server' || existsSync(path));
  t.ok(await eventually('the fetch leaves nothing else', () => !existsSync(`${path}.fetch`) && !existsSync(`${path}.lock`)));
});
