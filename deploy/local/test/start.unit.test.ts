import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFree } from '@clientele/testing';
import t from 'tap';
import { openBroker } from '../src/start/existing-broker.ts';
import { openFolders, removeData } from '../src/start/folders.ts';
import { identityOf, isRunning } from '../src/start/process-register.ts';
import { readyBlock } from '../src/start/ready-block.ts';
import { findSystem } from '../src/start/running-system.ts';
import { chooseServers } from '../src/start/servers.ts';
import { commonEnvironment, secretsOf, servicePorts } from '../src/start/services.ts';

t.test('each service has a port of its own', async (t) => {
  t.match(servicePorts({ INGEST_PORT: '7441' }), { ingest: 7441, query: 7004 });
  t.throws(() => servicePorts({ INGEST_PORT: '7440', COMMAND_PORT: '7440' }), { name: 'StartError', message: /INGEST_PORT and COMMAND_PORT are both 7440/ });
  t.throws(() => servicePorts({ QUERY_PORT: '7001' }), { message: /INGEST_PORT and QUERY_PORT/ }, 'also of one that was not named');
  t.throws(() => servicePorts({ QUERY_PORT: '70000' }), { message: /QUERY_PORT/ });
});

t.test('a service is told of the keys that it takes, and of no other secret of the launcher', async (t) => {
  const keys = { INGEST_API_KEYS: 'a:1', QUERY_API_KEYS: 'b:2', ADMIN_API_KEYS: 'c:3' };
  const connections = ['NATS_URL', 'WRITE_DATABASE_URL', 'READ_DATABASE_URL', 'EVENT_LOG_URL'];
  const passwords = [...['OPERATOR', 'INGEST', 'COMMAND', 'PROJECTOR', 'CONSUMER'], ...['COMMAND', 'LOG_READER', 'PROJECTOR', 'QUERY'].map((role) => `${role}_DB`)];
  const secrets = Object.fromEntries([...connections, ...passwords.map((user) => `${user}_PASSWORD`)].map((name) => [name, 'secret']));
  t.strictSame(commonEnvironment({ ...keys, ...secrets, LOG_LEVEL: 'debug' }), {
    NODE_ENV: 'development', QUERY_PUBLIC_URL: 'http://127.0.0.1:7004', LOG_LEVEL: 'debug',
  });
  const told = (name: Parameters<typeof secretsOf>[0]) => Object.keys(secretsOf(name, { ...keys, ...secrets }));
  t.strictSame(told('ingest'), ['INGEST_API_KEYS']);
  t.strictSame(told('command'), ['ADMIN_API_KEYS']);
  t.strictSame(told('projector'), ['ADMIN_API_KEYS']);
  t.strictSame(told('query'), ['QUERY_API_KEYS', 'ADMIN_API_KEYS']);
});

t.test('passwords stay with their owner: in no line of the ready block, in files that nobody else may read', async (t) => {
  const env = { CLIENTELE_DATA_DIR: t.testdir(), NATS_URL: 'nats://operator:of-the-broker@127.0.0.1:4222', READ_DATABASE_URL: 'postgres://me:of-the-reader@127.0.0.1/read' };
  const folders = openFolders(env);
  const servers = await chooseServers(folders, env, () => {});
  const { passwords } = JSON.parse(readFileSync(folders.secrets, 'utf8')) as { passwords: Record<string, string> };
  const block = readyBlock(findSystem(env), servers, 1);
  t.match(block, /write database +postgres:[^]*read database +postgres:[^]*broker +nats:/);
  for (const password of [...Object.values(passwords), 'of-the-broker', 'of-the-reader']) t.notOk(block.includes(password), password);
  t.equal(statSync(folders.secrets).mode & 0o077, 0);
});

t.test('a process that got the number of another is not taken for it', async (t) => {
  t.ok(isRunning(identityOf(process.pid)));
  t.notOk(isRunning({ pid: process.pid, startedAt: 'at another time' }));
});

t.test('a broker is taken from 2.10 on, with JetStream', async (t) => {
  let greeting = '';
  const broker = createServer((socket) => socket.end(`INFO ${greeting}\r\n`)).listen(0, '127.0.0.1');
  t.teardown(() => broker.close());
  await once(broker, 'listening');
  const address = broker.address();
  const url = `nats://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  for (const [version, options, refusal] of [
    ['2.1.9', '"jetstream":true', /2\.10 or later is needed/],
    ['1.10.0', '"jetstream":true', /2\.10 or later is needed/],
    ['2.10.0', '"headers":true', /without JetStream/],
  ] as const) {
    greeting = `{"version":"${version}",${options}}`;
    await t.rejects(openBroker(url), { name: 'StartError', message: refusal }, version);
  }
  for (const version of ['2.10.0', '3.0.0']) {
    greeting = `{"version":"${version}","jetstream":true}`;
    await t.resolves(openBroker(url), version);
  }
});

t.test('a host that is none of this machine is no port in use', async (t) => {
  await t.rejects(isFree(7440, '203.0.113.1'), { code: 'EADDRNOTAVAIL' });
});

t.test('to begin anew removes what npm start made, and nothing else', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'clientele-folders-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  mkdirSync(join(data, 'postgres'));
  writeFileSync(join(data, 'postgres', 'theirs'), '');
  const folders = openFolders({ CLIENTELE_DATA_DIR: data });
  t.throws(() => removeData(folders), { name: 'StartError', remedy: /CLIENTELE_DATA_DIR/ });
  t.ok(existsSync(join(data, 'postgres', 'theirs')));
  writeFileSync(folders.secrets, '{}');
  removeData(folders);
  t.notOk(existsSync(folders.postgres) || existsSync(folders.secrets));
  t.ok(existsSync(folders.logs));
});

t.test('a data folder that cannot be made is one clear line', async (t) => {
  t.throws(() => openFolders({ CLIENTELE_DATA_DIR: '/dev/null/x' }), { name: 'StartError', remedy: /CLIENTELE_DATA_DIR/ });
});
