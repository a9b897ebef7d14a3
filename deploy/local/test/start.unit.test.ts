import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFree } from '@clientele/testing';
import t from 'tap';
import { openFolders, removeData } from '../src/start/folders.ts';
import { servicePorts } from '../src/start/services.ts';

t.test('each service has a port of its own', async (t) => {
  t.match(servicePorts({ INGEST_PORT: '7441' }), { ingest: 7441, query: 7004 });
  t.throws(() => servicePorts({ INGEST_PORT: '7440', COMMAND_PORT: '7440' }), { name: 'StartError', message: /INGEST_PORT and COMMAND_PORT are both 7440/ });
  t.throws(() => servicePorts({ QUERY_PORT: '7001' }), { message: /INGEST_PORT and QUERY_PORT/ }, 'also of one that was not named');
  t.throws(() => servicePorts({ QUERY_PORT: '70000' }), { message: /QUERY_PORT/ });
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
