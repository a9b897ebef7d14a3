import { exactNumber, stringifyExact } from '@clientele/contracts';
import { ApiDestination, DEFAULT_START, eventually, SalesforceOrg } from '@clientele/testing';
import t from 'tap';
import { ownEnvironment, runProgram, startSystem } from './support/started-system.ts';

const PARTS = ['ingest', 'command', 'projector', 'query', 'nats', 'postgres'];
const ORG = { seed: 'e2e', records: 80, changes: 900 };
const ARGS = ['--seed', ORG.seed, '--records', String(ORG.records), '--changes', String(ORG.changes)];

t.test('the demo', async (t) => {
  const system = await startSystem(await ownEnvironment(`${t.testdir()}/data`));
  t.teardown(() => system.kill('SIGTERM'));

  await t.test('ends clean although everything is repeated, reordered, merged, and killed once', async (t) => {
    const demo = await runProgram('demo', system.env, [...ARGS, '--repeat', '--reorder', '--merge', '--rate', '60']);
    const ended = demo.exited.then(() => true);
    await eventually('the first changes are processed', () => demo.output(), { until: (output) => /processed [1-9]/.test(output) });
    for (const name of PARTS) {
      const before = system.pids().get(name);
      process.kill(before ?? 0, 'SIGKILL');
      await eventually(`${name} runs again`, () => system.pids().get(name), { until: (pid) => pid !== undefined && pid !== before, timeoutMs: 30_000 });
    }
    await ended;
    t.equal(await demo.exited, 0, { output: demo.output() });
    t.match(demo.output(), /unaccounted 0 .*\n✓ 80 records: the query service says what the org says, field by field\n$/);
    t.match(demo.output(), /retried [1-9]/, 'the killing was noticed');
  });

  await t.test('tells the record, the field and both values where something differs', async (t) => {
    const org = new SalesforceOrg(ORG);
    for (const _ of org.transactions()) continue;
    const truth = org.truth().find(({ entity, lifecycle }) => entity === 'Account' && lifecycle === 'active');
    const destination = new ApiDestination({ url: `${system.system.addresses.ingest}/events/salesforce/`, apiKey: { value: system.system.keys.ingest } });
    t.match(await destination.deliver(renamedLater(org.id, truth?.externalId ?? '')), { delivered: true });
    const demo = await runProgram('demo', system.env, [...ARGS, '--rate', '1000']);
    t.equal(await demo.exited, 1, { output: demo.output() });
    const name = stringifyExact(truth?.fields.get('Name'));
    t.match(demo.output(), `Account ${truth?.externalId}  Name\n    org    ${name}\n    query  "Behind the org’s back"\n`);
    t.match(demo.output(), '✗ 1 differences in 80 records');
  });
});

/** An update that the org knows nothing of, a month after all that it knows. */
function renamedLater(orgId: string, recordId: string): string {
  return stringifyExact({
    version: '0', source: `aws.partner/salesforce.com/${orgId}/0YL5f000000CabWGAS`, 'detail-type': 'AccountChangeEvent',
    detail: {
      payload: {
        Name: 'Behind the org’s back',
        ChangeEventHeader: {
          entityName: 'Account', changeType: 'UPDATE', changedFields: ['Name'], recordIds: [recordId], commitTimestamp: DEFAULT_START + 30 * 86_400_000,
          commitNumber: exactNumber('1748092706683617281'), sequenceNumber: 1, transactionKey: 'behind-the-back',
        },
      },
    },
  });
}
