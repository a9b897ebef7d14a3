import { Type } from '@sinclair/typebox';
import t from 'tap';
import {
  baseSettings,
  keyListSetting,
  linkBase,
  maskedSettings,
  portSetting,
  postgresUrlSetting,
  queryUrlSetting,
  readSettings,
  SettingsError,
  settingsHelp,
} from '../src/index.ts';

const schema = Type.Object({
  ...baseSettings,
  DEMO_PORT: portSetting(7009, 'Port of the demo'),
  DEMO_DATABASE_URL: postgresUrlSetting('Database of the demo'),
  DEMO_API_KEYS: keyListSetting('dev-demo-key', 'Keys of the demo'),
  DEMO_FAST: Type.Boolean({ default: false, description: 'Whether it is fast' }),
});
const valid = { DEMO_DATABASE_URL: 'postgres://demo:s3cret@db:5432/demo', DEMO_API_KEYS: 'a:very-secret' };

function mistakesOf(env: Record<string, string>): SettingsError {
  try {
    readSettings(schema, env);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('no mistake was found');
}

t.test('settings are read with their types, and defaults fill in', async (t) => {
  t.strictSame(readSettings(schema, { ...valid, DEMO_PORT: '0', DEMO_FAST: 'TRUE', HOST: '', PATH: '/bin' }), {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    DEMO_PORT: 0,
    DEMO_FAST: true,
    ...valid,
  });
});

t.test('all mistakes are reported at once, each with variable, fault and remedy', async (t) => {
  const { mistakes, message } = mistakesOf({ NODE_ENV: 'prod', DEMO_PORT: '70o4', DEMO_API_KEYS: 'hunter2', DEMO_FAST: 'maybe' });
  t.strictSame(
    mistakes.map(({ variable }) => variable),
    ['NODE_ENV', 'DEMO_PORT', 'DEMO_DATABASE_URL', 'DEMO_API_KEYS', 'DEMO_FAST'],
  );
  t.match(message, /NODE_ENV is "prod", not one of production, development, test/);
  t.match(message, /DEMO_PORT is "70o4", not an integer from 0 to 65535\. Port of the demo\. Write DEMO_PORT=7009/);
  t.match(message, /DEMO_DATABASE_URL is missing\. .* Write DEMO_DATABASE_URL=postgres:\/\//);
  t.notMatch(message, /hunter2/, 'a secret is not quoted');
});

t.test('a link begins with what a header can hold', async (t) => {
  const links = Type.Object({ QUERY_PUBLIC_URL: queryUrlSetting('Query') });
  for (const url of ['http://127.0.0.1:7004', 'https://a.example.com/', 'https://a.example.com/crm/%C3%A4//']) {
    t.match(linkBase(readSettings(links, { QUERY_PUBLIC_URL: url }).QUERY_PUBLIC_URL), /[^/]$/, url);
  }
  for (const url of ['http://ex\u00e4mple\u20ac.com', 'https://ex ample', 'https://a.example.com?x=1', 'https://a.example.com/#x', 'a.example.com', 'https://']) {
    t.throws(() => readSettings(links, { QUERY_PUBLIC_URL: url }), /QUERY_PUBLIC_URL/, url);
  }
});

t.test('numbers are taken whole or not at all', async (t) => {
  for (const port of ['1.5', '1e3', '0x10', '65536', '-1', '7004 ;'])
    t.match(mistakesOf({ ...valid, DEMO_PORT: port }).message, /DEMO_PORT/, port);
});

t.test('default keys are for development and test alone; an unset NODE_ENV is production', async (t) => {
  const { DEMO_DATABASE_URL } = valid;
  for (const NODE_ENV of ['development', 'test'])
    t.equal(readSettings(schema, { DEMO_DATABASE_URL, NODE_ENV }).DEMO_API_KEYS, 'dev:dev-demo-key');
  t.match(mistakesOf({ DEMO_DATABASE_URL }).message, /DEMO_API_KEYS is missing/);
  t.match(mistakesOf({ DEMO_DATABASE_URL, NODE_ENV: 'production' }).message, /DEMO_API_KEYS is missing/);
});

t.test('a key is bound where a binding means something, and no secret is that of two keys', async (t) => {
  const ingest = Type.Object({ KEYS: keyListSetting('dev', 'Keys of the senders', { bindable: true }) });
  const bound = 'crm:h1dden@salesforce:00D5f000005KcCnEAK';
  const reads = (DEMO_API_KEYS: string) => () => readSettings(schema, { ...valid, DEMO_API_KEYS });
  const sends = (KEYS: string) => () => readSettings(ingest, { KEYS });
  t.doesNotThrow(sends(`${bound},other:els3@where`));
  t.throws(reads(`a:1, ${bound}`), { message: /DEMO_API_KEYS binds the key crm to a source, which only an ingest key can be/ });
  t.doesNotThrow(reads('a:p@ss,b:p@ss@word'), 'a secret may hold an @ that binds nothing');
  for (const twice of [`${bound},other:h1dden`, `other:h1dden,mid:2,${bound}`])
    t.throws(sends(twice), { message: /KEYS gives the keys (crm and other|other and crm) the same secret/ });
  t.throws(reads('a:h1dden,b:h1dden'), { message: /DEMO_API_KEYS gives the keys a and b the same secret/ });
  for (const list of [bound, 'a:h1dden,b:h1dden']) t.notMatch(mistakesOf({ ...valid, DEMO_API_KEYS: list }).message, /h1dden/);
  t.match(settingsHelp('ingest', ingest), 'name:secret, or name:secret@source');
  t.notMatch(settingsHelp('demo', schema), '@source', 'nobody is offered what is refused');
});

t.test('what is shown of settings has no secret', async (t) => {
  const shown = maskedSettings(schema, readSettings(schema, valid));
  t.equal(shown['DEMO_DATABASE_URL'], 'postgres://demo:***@db:5432/demo');
  t.equal(shown['DEMO_API_KEYS'], '***');
  t.equal(shown['DEMO_PORT'], 7009);
});

t.test('help names every variable, with what is required', async (t) => {
  const help = settingsHelp('demo', schema);
  for (const variable of Object.keys(schema.properties)) t.match(help, variable);
  t.match(help, /DEMO_DATABASE_URL {2}\(required\)/);
  t.match(help, /DEMO_API_KEYS {2}\(required; in development dev:dev-demo-key\)/);
  t.match(help, /CLIENTELE_CONFIG {2}\(optional\)/);
});
