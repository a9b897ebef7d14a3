import t from 'tap';
import {
  brokenRules, ClientDomainService, dataConsistency, feedRules, initialRecord, providerRules, replay, type DomainEvent, type JsonObject, type RecordChanged,
  type RecordState,
} from '../src/index.ts';
import { at, client, create, remove, update } from './support/records.ts';

const known = ClientDomainService.processCrmEvent(create(5, { Name: 'A', Status: 'Dormant' }), initialRecord, client).stateAfter;
const event = (said: Partial<RecordChanged>): RecordChanged =>
  ({ type: 'Updated', clock: at(9), fields: [], lost: [], floor: false, lifecycle: null, changed: [], state: null, ...said });
const codes = (event: DomainEvent, history: RecordState) => ClientDomainService.validateEventSequence(event, history).map(({ code }) => code);

t.test('every broken rule is named at once', (t) => {
  const broken = brokenRules(feedRules, { change: { ...update(3, { ParentId: {}, Name: 'B' }), fields: [{ path: 'ParentId', value: '' }] }, state: known, definition: client });
  t.strictSame(broken.map(({ path, code }) => ({ path, code })), [{ path: '', code: 'arrived_late' }, { path: 'ParentId', code: 'reference_not_an_id' }]);
  for (const { message } of broken) t.match(message, /\w+ .+/, message);
  t.end();
});

t.test('rules on a change from a feed', (t) => {
  const of = (change: Parameters<typeof ClientDomainService.processCrmEvent>[0], state: RecordState) =>
    brokenRules(feedRules, { change, state, definition: client }).map(({ code }) => code);
  t.strictSame(of(create(1), initialRecord), [], 'a create may come first');
  t.strictSame(of(update(1), initialRecord), ['record_unknown']);
  t.strictSame(of(remove(1), initialRecord), ['record_unknown']);
  t.strictSame(of(update(5), known), [], 'a repeat is not late');
  t.strictSame(of(update(6, { ParentId: null }), known), [], 'a cleared reference is none');
  t.strictSame(of({ ...remove(6), fields: [{ path: 'Name', value: 'A' }] }, known), ['deletion_with_fields']);
  t.end();
});

t.test('what values ought to be is warned of', (t) => {
  const definition = {
    ...client,
    expected: { types: { Amount: 'number', Won: 'boolean', Closed: 'date' }, idPrefixes: { ParentId: '001' }, currencies: { Amount: 'Currency' } },
  } as const;
  const of = (fields: JsonObject, state: RecordState = known) => brokenRules([dataConsistency], { change: update(6, fields), state, definition })
    .map(({ path, code }) => `${path} ${code}`);
  t.strictSame(of({ Amount: 1.5, Won: true, Closed: '2025-04-24', ParentId: '001A' }), []);
  t.strictSame(of({ Amount: null, Won: null, ParentId: null }), [], 'nothing is of any type');
  t.strictSame(of({ Amount: '1.5', Won: 1, Closed: 'soon', ParentId: '003A' }), [
    'ParentId reference_of_other_entity', 'Amount value_not_of_type', 'Won value_not_of_type', 'Closed value_not_of_type',
  ]);
  t.strictSame(of({ Amount: 1, Currency: null }), ['Currency amount_without_currency']);
  t.strictSame(of({ Amount: null, Currency: null }), []);
  const priced = replay([event({ fields: [{ path: 'Amount', value: 1 }, { path: 'Currency', value: 'EUR' }] })], known);
  t.strictSame(of({ Currency: null }, priced), ['Currency amount_without_currency'], 'by what is known of the record');
  t.strictSame(of({ Amount: 2 }, priced), []);
  t.end();
});

t.test('rules on a provider, and on a status', (t) => {
  t.strictSame(brokenRules(providerRules, { provider: 'one', supported: ['one', 'two'] }), []);
  t.match(brokenRules(providerRules, { provider: 'three', supported: ['one', 'two'] }), [{ code: 'provider_unsupported', message: /one, two/ }]);
  t.match(ClientDomainService.validateStatus(known, client), [{ path: 'Status', code: 'status_unlisted' }]);
  t.strictSame(ClientDomainService.validateStatus(known, { ...client, statusValues: null }), [], 'any will do where none are listed');
  t.strictSame(ClientDomainService.validateStatus(initialRecord, client), [], 'no status is no unlisted one');
  t.end();
});

t.test('what is appended keeps its order, or we have a bug', (t) => {
  t.strictSame(codes(event({ type: 'Created', floor: true }), known), ['created_not_first']);
  t.strictSame(codes(event({ floor: true, clock: at(5) }), known), ['clock_not_later']);
  t.strictSame(codes(event({ lifecycle: 'deleted', clock: at(4) }), known), ['clock_not_later']);
  t.strictSame(codes(event({ fields: [{ path: 'Name', value: 'B' }], clock: at(5) }), known), ['clock_not_later']);
  t.strictSame(codes(event({ fields: [{ path: 'Phone', value: '4' }], clock: at(4) }), known), ['clock_not_later'], 'below the floor');
  t.strictSame(codes(event({}), known), ['moves_nothing']);
  t.strictSame(codes({ type: 'Withdrawn', clock: at(9), status: null }, known), [], 'told of before');
  t.strictSame(codes({ type: 'Withdrawn', clock: at(9), status: null }, initialRecord), ['withdrawn_unannounced']);
  t.strictSame(codes(event({ fields: [{ path: 'Name', value: 'B' }] }), known), []);
  t.end();
});

t.test('a broadcast is decided by the state after the change', (t) => {
  const after = (status: string): RecordState => replay([event({ fields: [{ path: 'Status', value: status }] })], known);
  const decide = (status: string) => ClientDomainService.shouldBroadcast(event({ changed: ['fields.Status'] }), after(status), client);
  t.strictSame(decide('Active'), { broadcast: true, reason: 'status_public' });
  for (const silent of ['inactive', 'PENDING', 'Draft', ' draft ']) t.strictSame(decide(silent), { broadcast: false, reason: 'status_silent' }, silent);
  t.strictSame(decide('else'), { broadcast: true, reason: 'status_unknown' });
  t.end();
});
