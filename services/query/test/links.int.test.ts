import { Record as RecordDTO } from '@clientele/contracts';
import { Value } from '@sinclair/typebox/value';
import t from 'tap';
import { advance, startDatabases } from './support/databases.ts';
import { insertRecord, ORG, uuid } from './support/rows.ts';
import { startQuery } from './support/service.ts';

const databases = await startDatabases();
const { read } = databases;
const query = await startQuery(databases);
t.teardown(async () => {
  await query.close();
  await databases.stop();
});
const { ask, items } = query;
await advance(read, 1);

t.test('who was merged away answers with whom it lives on in, after all mergers; who refers to it is led there', async (t) => {
  const merged = (number: number, survivor?: number) =>
    insertRecord(read, { id: uuid(number), type: 'merging', externalId: `m${number}`, lifecycle: survivor === undefined ? 'active' : 'deleted', ...(survivor === undefined ? {} : { survivor: `m${survivor}` }) });
  await Promise.all([merged(500, 501), merged(501, 502), merged(502), merged(510, 511), merged(511, 510), merged(520, 529)]);
  const supersededBy = async (number: number) => (await ask(`/records/merging/${uuid(number)}`)).json['superseded_by'];
  t.equal(await supersededBy(500), uuid(502));
  t.equal(await supersededBy(501), uuid(502));
  t.equal(await supersededBy(502), null);
  t.equal(await supersededBy(510), null, 'a circle leads nowhere');
  t.equal(await supersededBy(520), null, 'nobody told of that one');
  const references = [500, 502, 520].map((number) => ({ field: `F${number}`, source: ORG, entity: 'Account', external_id: `m${number}`, aggregate_type: 'client' }));
  await insertRecord(read, { id: uuid(530), type: 'contact', entity: 'Contact', references });
  t.match((await ask(`/contacts/${uuid(530)}`)).json['references'], [
    { external_id: 'm500', aggregate_id: uuid(502), superseded_id: uuid(500) },
    { external_id: 'm502', aggregate_id: uuid(502), superseded_id: null },
    { external_id: 'm520', aggregate_id: uuid(520), superseded_id: null },
  ]);
  t.match((await items(`/records/merging?external_id=m500`))[0], { id: uuid(500), lifecycle: 'deleted', superseded_by: uuid(502) });
});

t.test('a reference leads to its record in whatever spelling it names it', async (t) => {
  await insertRecord(read, { id: uuid(540), type: 'client', externalId: '0015f00002JUZPDAA5' });
  const references = ['0015f00002JUZPD', '0015f00002JUZPDAA5', '0015f00002juzpd'].map((external_id) => ({ field: 'F', source: ORG, entity: 'Account', external_id, aggregate_type: 'client' }));
  await insertRecord(read, { id: uuid(541), type: 'contact', entity: 'Contact', references });
  t.match((await ask(`/contacts/${uuid(541)}`)).json['references'], [{ external_id: '0015f00002JUZPD', aggregate_id: uuid(540) }, { aggregate_id: uuid(540) }, { aggregate_id: null }]);
});

t.test('a lead names what it became, and they name the lead', async (t) => {
  const became = [
    { field: 'ConvertedAccountId', source: ORG, entity: 'Account', external_id: 'm500', aggregate_type: 'client' },
    { field: 'ConvertedContactId', source: ORG, entity: 'Contact', external_id: 'c1', aggregate_type: 'contact' },
    { field: 'ConvertedOpportunityId', source: ORG, entity: 'Opportunity', external_id: 'later', aggregate_type: 'opportunity' },
  ];
  await insertRecord(read, { id: uuid(600), type: 'lead', entity: 'Lead', externalId: 'l1', convertedInto: became });
  await insertRecord(read, { id: uuid(601), type: 'contact', entity: 'Contact', externalId: 'c1' });
  t.match((await ask(`/leads/${uuid(600)}`)).json, {
    converted_into: [{ aggregate_id: uuid(502), superseded_id: uuid(500) }, { aggregate_id: uuid(601) }, { aggregate_id: null }],
    converted_from: [],
  });
  const lead = { aggregate_type: 'lead', aggregate_id: uuid(600), source: ORG, entity: 'Lead', external_id: 'l1' };
  const contact = (await ask(`/contacts/${uuid(601)}`)).json;
  t.strictSame([contact['converted_into'], contact['converted_from']], [[], [lead]]);
  t.ok(Value.Check(RecordDTO, contact), JSON.stringify([...Value.Errors(RecordDTO, contact)].slice(0, 3)));
  t.match((await items('/contacts?external_id=c1'))[0]?.['converted_from'], [lead], 'in lists as well');
  t.match((await ask(`/records/merging/${uuid(500)}`)).json['converted_from'], [lead]);
});
