import { existsSync, readFileSync } from 'node:fs';
import { exactNumber, type SourceConfig } from '@clientele/contracts';
import { loadClienteleConfig } from '@clientele/service-kit';
import { FULL_LIFE, type TrueRecord } from '@clientele/testing';
import t from 'tap';
import { compareRecords, isForComparisonAlone } from '../src/demo/compare.ts';
import { DemoError } from '../src/demo/demo-error.ts';
import { readOptions } from '../src/demo/options.ts';
import type { ServedRecord } from '../src/demo/query-client.ts';
import { credentialNames } from '../src/start/credential-names.ts';
import { demoSources } from '../src/start/demo-orgs.ts';
import { openFolders } from '../src/start/folders.ts';
import { commonEnvironment } from '../src/start/services.ts';

const truth: TrueRecord = {
  entity: 'Account', externalId: '001', lifecycle: 'active', fields: new Map([['Amount', exactNumber('100.50')], ['BillingAddress.City', 'Zürich']]),
};
const served: ServedRecord = {
  id: 'u1', entity: 'Account', externalId: '001', lifecycle: 'active', complete: true, dirtySince: null, supersededBy: null,
  fields: { Amount: exactNumber('100.50'), BillingAddress: { City: 'Zürich', Street: null }, Phone: null },
};

t.test('a record is compared in everything', (t) => {
  const differing = (more: Partial<ServedRecord>) => compareRecords([truth], [{ ...served, ...more }]).map(({ field, org, query }) => [field, org, query]);
  t.strictSame(differing({}), []);
  t.strictSame(differing({ lifecycle: 'deleted', complete: false }), [['(lifecycle)', 'active', 'deleted'], ['(complete)', 'true', 'false']]);
  t.strictSame(differing({ fields: { ...served.fields, Amount: 100.5 } }), [['Amount', '100.50', '100.5']], 'digit by digit');
  t.strictSame(differing({ fields: { ...served.fields, BillingAddress: 'Zürich' } }),
    [['BillingAddress.City', '"Zürich"', '(none)'], ['BillingAddress', '(none)', '"Zürich"']]);
  t.strictSame(differing({ fields: { ...served.fields, Phone: '1' } }), [['Phone', '(none)', '"1"']]);
  t.end();
});

t.test('records that are missing, doubled or made up are differences', (t) => {
  t.match(compareRecords([truth], []), [{ record: 'Account 001', field: '(record)', query: '(none)' }]);
  t.match(compareRecords([truth], [served, { ...served, id: 'u2' }]), [{ field: '(record)', query: 'also as u2' }]);
  t.match(compareRecords([truth], [served, { ...served, entity: 'Lead' }]), [{ record: 'Lead 001', org: '(none)' }]);
  t.end();
});

t.test('what only a comparison of all records finds', (t) => {
  const gone = { ...truth, lifecycle: 'deleted' } as const;
  const purged = compareRecords([{ ...gone, purged: true }], [served]);
  const inTheBin = compareRecords([{ ...gone, externalId: '002' }], [{ ...served, id: 'u2', externalId: '002' }]);
  t.match(purged, [{ field: '(lifecycle)', purged: true }]);
  t.ok(isForComparisonAlone(purged));
  t.notOk(isForComparisonAlone(inTheBin), 'the deleted query tells of it');
  t.notOk(isForComparisonAlone([...purged, ...inTheBin]), 'nothing else is mended by it');
  t.notOk(isForComparisonAlone([]));
  t.end();
});

t.test('where something was lost on the way', (t) => {
  const lossy = { lossy: true, forgotten: new Set(['Account 009']), earlier: new Set(['u9']) };
  const compared = (truth: readonly TrueRecord[], served: readonly ServedRecord[]) => compareRecords(truth, served, lossy).map(({ record, field, org, query }) => [record, field, org, query]);
  t.strictSame(compared([truth], [{ ...served, dirtySince: '2026-11-22T20:00:00.000Z' }]), [['Account 001', '(in doubt since)', '(none)', '2026-11-22T20:00:00.000Z']]);
  t.match(compared([truth], [{ ...served, fields: {} }]).length, 2, 'one that is there must be right in everything');
  const gone = { ...truth, lifecycle: 'deleted' } as const;
  const servedGone = { ...served, lifecycle: 'deleted', complete: false, fields: {} };
  t.strictSame(compared([gone], [servedGone]), [], 'of one that is gone nobody may know what it held');
  t.strictSame(compared([gone], [{ ...servedGone, lifecycle: 'active' }]), [['Account 001', '(lifecycle)', 'deleted', 'active']]);
  const merged = (externalId: string, into: string): TrueRecord => ({ ...gone, externalId, supersededBy: { entity: 'Account', externalId: into } });
  const survivors = [truth, merged('002', '003'), merged('003', '001')];
  const rows = [served, { ...servedGone, id: 'u2', externalId: '002', supersededBy: 'u1' }, { ...servedGone, id: 'u3', externalId: '003', supersededBy: 'u1' }];
  t.strictSame(compared(survivors, rows), [], 'after all mergers');
  t.strictSame(compared(survivors, [...rows.slice(0, 2), { ...servedGone, id: 'u3', externalId: '003' }]), [['Account 003', '(superseded by)', 'Account 001', '(none)']]);
  const purgedBetween = [truth, merged('002', '003'), { ...merged('003', '001'), purged: true } as const];
  for (const [into, differences] of [['u3', 0], ['u1', 0], [null, 1]] as const) {
    t.equal(compared(purgedBetween, [served, { ...servedGone, id: 'u2', externalId: '002', supersededBy: into }, { ...servedGone, id: 'u3', externalId: '003' }]).length, differences, 'nobody can ask whither one went that was purged');
  }
  t.strictSame(compared([{ ...merged('002', '001'), purged: true }], [{ ...servedGone, externalId: '002' }]), [], 'nobody can ask what was purged');
  t.strictSame(compared([{ ...gone, externalId: '009' }], []), [], 'deleted before anybody told of it');
  t.strictSame(compared([truth], [served, { ...served, id: 'u9', externalId: '010' }]), [], 'of an earlier run');
  t.strictSame(compared([{ ...truth, formulas: new Map([['Tier__c', 'A']]) }], [{ ...served, fields: { ...served.fields, Tier__c: 'B' } }]), [], 'what is computed is a hint');
  t.end();
});

t.test('the demo\'s orgs are sources in development, unless a configuration is named', async (t) => {
  const folders = openFolders({ CLIENTELE_DATA_DIR: `${t.testdir()}/data` });
  const none = { orgs: [], settings: {} };
  t.strictSame(await demoSources(folders, { CLIENTELE_CONFIG: 'my-own.yaml' }), none);
  t.strictSame(await demoSources(folders, { NODE_ENV: 'production' }), none);
  t.notOk(existsSync(folders.config), 'nothing was written');
  const { orgs, settings } = await demoSources(folders, {});
  const { sources = [], mapping } = loadClienteleConfig(settings['CLIENTELE_CONFIG']);
  t.strictSame(sources.map(({ id, base_url: url }) => [id, url]), orgs.map(({ id, port }) => [`salesforce:${id}`, `http://127.0.0.1:${port}`]));
  t.strictSame(mapping, loadClienteleConfig().mapping, 'with the default mapping');
  const credentials = sources.map((source) => salesforceCredentials(source, settings));
  t.strictSame(credentials, orgs.map(({ clientId, clientSecret }) => [clientId, clientSecret]), 'by reference to the environment');
  const text = readFileSync(folders.config, 'utf8');
  for (const { clientSecret } of orgs) t.notMatch(text, clientSecret, 'no secret is written there');
  t.strictSame((await demoSources(folders, { NODE_ENV: 'development' })).orgs, orgs, 'drawn once');
  t.match(settings, { LOAD_ON_CONNECT: 'false', FEED_LOOK_SECONDS: '0' }, 'nothing asks orgs that are not there');
  t.notOk('FEED_LOOK_SECONDS' in (await demoSources(folders, { FEED_LOOK_SECONDS: '5' })).settings, 'unless somebody says so');
});

t.test('the credentials of sources are for the command service alone', async (t) => {
  const { orgs, settings } = await demoSources(openFolders({ CLIENTELE_DATA_DIR: `${t.testdir()}/data` }), {});
  const names = [...credentialNames(settings)];
  t.strictSame(names.map((name) => settings[name]), orgs.flatMap(({ clientId, clientSecret }) => [clientId, clientSecret]));
  const common = commonEnvironment({ ...settings, LOG_LEVEL: 'debug' });
  t.match(common, { CLIENTELE_CONFIG: settings['CLIENTELE_CONFIG'], LOG_LEVEL: 'debug' });
  t.strictSame(names.filter((name) => name in common), []);
  t.strictSame([...credentialNames({ CLIENTELE_CONFIG: `${settings['CLIENTELE_CONFIG']}.gone` }), ...credentialNames({})], []);
});

function salesforceCredentials({ credentials }: SourceConfig, env: Readonly<Record<string, string>>): (string | undefined)[] {
  if (credentials?.type !== 'client_credentials') return [];
  return [credentials.client_id, credentials.client_secret].map((reference) => env[reference.slice(2, -1)]);
}

t.test('options', (t) => {
  t.match(readOptions([]), { seed: 'clientele', records: 300, changes: 3000, rate: 300, repeat: 0, reorder: 0, merge: false });
  t.match(readOptions(['--repeat', '--reorder', '--merge']), { repeat: 0.2, reorder: 100, merge: true }, 'switches without a value');
  t.match(readOptions(['--reorder', '7', '--repeat=0.5', '--seed', 'x', '--records', '5', '--changes', '0', '--rate', '50']),
    { repeat: 0.5, reorder: 7, seed: 'x', records: 5, changes: 0, rate: 50 });
  t.ok(readOptions(['-h']).help);
  t.match(readOptions([]), { orgs: 1, providerDown: 0, hold: false, life: { gaps: FULL_LIFE.gaps, merges: FULL_LIFE.merges, stampDelayMs: FULL_LIFE.stampDelayMs, own: FULL_LIFE.own } });
  t.strictSame([readOptions(['--life', 'none']).life, readOptions(['--life', 'gaps,own']).life], [null, { gaps: FULL_LIFE.gaps, own: FULL_LIFE.own }]);
  t.match(readOptions(['--provider-down', '60', '--rate', '100']), { providerDown: 60, changes: 7000, records: 700 }, 'changes for all of the outage, and records for all of these');
  t.match(readOptions(['--provider-down=60', '--changes=10']), { changes: 10 });
  for (const wrong of [['--records', '0'], ['--records', '1.5'], ['--repeat', '2'], ['--rate', 'fast'], ['--colour'], ['--seed'], ['--life', 'wild'], ['--orgs', '3']]) {
    t.throws(() => readOptions(wrong), DemoError, wrong.join(' '));
  }
  t.end();
});
