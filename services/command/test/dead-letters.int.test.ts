import t from 'tap';
import { stringifyExact, type ProcessCrmEvent } from '@clientele/contracts';
import { eventually } from '@clientele/testing';
import type { DeadLetterDetail, DeadLetterGroups, DeadLetterPage } from '../src/dead-letters/dead-letter.ts';
import type { Redrive } from '../src/dead-letters/redrive/redrive.ts';
import { change, quarantineBody, SOURCE } from './support/commands.ts';
import { leaveAsEarlierCode } from './support/earlier-database.ts';
import { sharedPostgres, testSystem, type CommandProcess, type TestSystem } from './support/system.ts';

const postgres = await sharedPostgres(t);

interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

async function call<Body>(process: CommandProcess, method: string, path: string, body?: unknown): Promise<Answer<Body>> {
  const response = await fetch(`http://127.0.0.1:${process.port}${path}`, {
    method,
    headers: { 'x-api-key': 'admin-secret', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: stringifyExact(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: await response.json() as Body };
}

/** As a client does that names a type of the body that it does not send. */
async function cancel(process: CommandProcess, id: string): Promise<Answer<Redrive>> {
  const response = await fetch(`http://127.0.0.1:${process.port}/dead-letters/redrives/${id}/cancel`, {
    method: 'POST', headers: { 'x-api-key': 'admin-secret', 'content-type': 'application/json' }, body: '',
  });
  return { status: response.status, body: await response.json() as Redrive };
}

/** A change of a kind that nobody knows. */
function unknown(externalId: string): ProcessCrmEvent {
  return change({ type: 'Created', kind: 'unknown', sourceChangeType: 'SNAPSHOT', externalId, data: { Name: `Name of ${externalId}` } });
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `0015f0000${String(n).padStart(6, '0')}AAA`);
}

/** Makes what is parked, but for the records named, such that this version can decide it; and leaves it alone until somebody orders something. */
async function mend(system: TestSystem, except: readonly string[] = []): Promise<void> {
  let quiet = 0;
  await eventually('no attempt is under way', async () => {
    const { rowCount } = await system.db.query(
      "update clientele.ledger set next_attempt_at = now() + interval '2 days' where outcome = 'parked' and (next_attempt_at < now() + interval '1 day') is not false",
    );
    quiet = rowCount === 0 ? quiet + 1 : 0;
    return quiet;
  }, { until: (times) => times >= 8 });
  await system.db.query(
    `update clientele.ledger set payload = replace(replace(payload::text, '"kind":"unknown"', '"kind":"change"'), 'SNAPSHOT', 'CREATE')::json
      where outcome = 'parked' and external_id <> all($1)`,
    [except],
  );
}

async function park(system: TestSystem, records: readonly string[]): Promise<ProcessCrmEvent[]> {
  const changes = records.map(unknown);
  await system.send(...changes);
  await eventually('all are parked', () => outcomesOf(system), { until: ({ parked }) => parked === records.length, timeoutMs: 30_000 });
  return changes;
}

async function outcomesOf(system: TestSystem): Promise<Record<string, number>> {
  return (await system.accounting()).outcomes;
}

async function finished(process: CommandProcess, id: string): Promise<Redrive> {
  return await eventually(`redrive ${id} is over`, async () => (await call<Redrive>(process, 'GET', `/dead-letters/redrives/${id}`)).body, {
    until: ({ state }) => state !== 'running', timeoutMs: 40_000,
  });
}

t.test('a dead letter is looked at, edited, discarded', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  await system.send(change({ type: 'Created', externalId: '0015f00002J9RPfAAN', data: { Name: 'Acme', AnnualRevenue: 1 } }));
  const [parked, lost] = await park(system, ['0015f00002J9RPfAAN', '0015f00002J9RPgAAN']);
  if (parked === undefined || lost === undefined) throw new Error('not parked');

  const { body: page } = await call<DeadLetterPage>(process, 'GET', '/dead-letters?reason=unknown_change_type&entity=Account');
  t.match(page.items.find(({ id }) => id === parked.commandId), {
    entity: 'Account', external_id: '0015f00002J9RPfAAN', reason: 'unknown_change_type', errors: [{ code: 'unknown_change_type' }],
  });
  for (const age of ['1h', '999999d']) t.same((await call<DeadLetterPage>(process, 'GET', `/dead-letters?older_than=${age}`)).body.items, []);
  const never = Buffer.from('2026-02-30T00:00:00.000000Z 20260230-x').toString('base64url');
  t.match(await call(process, 'GET', `/dead-letters?cursor=${never}`), { status: 400, body: { errors: [{ path: 'cursor' }] } });
  t.match(await call(process, 'POST', '/dead-letters/redrive', { filter: { source: '\ud800' } }), { status: 400 });
  t.match(await call(process, 'GET', '/dead-letters?older_than=soon'), { status: 400, body: { errors: [{ path: 'query.older_than' }] } });
  t.match((await call<DeadLetterGroups>(process, 'GET', '/dead-letters/groups?by=reason,entity,age')).body, {
    items: [{ reason: 'unknown_change_type', entity: 'Account', age: 'under_1h', count: 2 }],
  });
  t.match(await call(process, 'GET', '/dead-letters/groups?by=colour'), { status: 400, body: { errors: [{ path: 'query.by', message: /One or more of reason/ }] } });

  await mend(system, ['0015f00002J9RPgAAN']);
  const { body: letter } = await call<DeadLetterDetail>(process, 'GET', `/dead-letters/${parked.commandId}`);
  t.match(letter.would, { outcome: 'applied', events: ['Updated'], changes: [
    { path: 'fields.AnnualRevenue', before: 1, after: null }, { path: 'fields.Name', before: 'Acme', after: 'Name of 0015f00002J9RPfAAN' },
  ] }, 'the state change that it would make');
  const ahead = change({ type: 'Created', externalId: '0015f00002J9RPhAAN', at: Date.now() + 3 * 86_400_000, data: { Name: 'Future' } });
  await system.send(ahead);
  const early = await eventually('it waits for its time', async () => (await call<DeadLetterDetail>(process, 'GET', `/dead-letters/${ahead.commandId}`)).body, { until: ({ would }) => would !== undefined });
  t.match(early.would, { outcome: 'parked', reason: 'clock_ahead', events: ['Created'] }, 'and tells what it will do then');
  t.match(early.would?.changes.find(({ path }) => path === 'fields.Name'), { before: null, after: 'Future' });
  t.match(await call(process, 'POST', `/dead-letters/${ahead.commandId}/discard`), { status: 400, body: { errors: [{ path: 'body' }] } });
  t.match(await call(process, 'POST', `/dead-letters/${ahead.commandId}/discard`, { reason: 'not now' }), { status: 202 });
  await eventually('it is discarded', () => outcomesOf(system), { until: ({ discarded }) => discarded === 1 });
  t.match((await call<DeadLetterDetail>(process, 'GET', `/dead-letters/${lost.commandId}`)).body.would, { outcome: 'parked', reason: 'unknown_change_type', changes: [] });

  t.test('an edit that is wrong is refused, and says where', async (t) => {
    const path = `/dead-letters/${parked.commandId}`;
    t.match(await call(process, 'PATCH', path, { event: { external_id: 'other' }, reason: 'x' }), { status: 400, body: { errors: [{ path: 'event.external_id', code: 'fixed' }] } });
    t.match(await call(process, 'PATCH', path, { event: { data: {} } }), { status: 400, body: { errors: [{ path: 'body.reason' }] } });
    t.match(await call(process, 'PATCH', path, { event: { data: { OwnerId: 7 } }, reason: 'x' }), { status: 400, body: { errors: [{ path: 'OwnerId' }] } });
    t.match(await call(process, 'PATCH', '/dead-letters/20250101-nothing', { event: { data: {} }, reason: 'x' }), { status: 404 });
  });

  t.test('an edit of what still cannot be decided is kept, with what was before it', async (t) => {
    const path = `/dead-letters/${lost.commandId}`;
    t.match(await call(process, 'PATCH', path, { event: { data: { Name: 'Other' } }, reason: 'a typo' }), { status: 202, body: { would: { outcome: 'parked' } } });
    const { body } = await eventually('it waits on as edited', () => call<DeadLetterDetail>(process, 'GET', path), { until: (answer) => JSON.stringify(answer).includes('"Other"') });
    t.match(body.edits, [{ by: 'admin', reason: 'a typo', payload: { event: { data: { Name: 'Name of 0015f00002J9RPgAAN' } } } }]);
  });

  t.test('an edit is decided in its place, every digit of it', async (t) => {
    const event = { data: JSON.parse('{"Name":"Good"}') as Record<string, unknown> };
    const revenue = '12345678901234567890.12';
    const text = stringifyExact({ event, reason: 'a wrong name' }).replace('"Name":"Good"', `"Name":"Good","AnnualRevenue":${revenue}`);
    const body = text + ' '.repeat(2 * 1024 * 1024); // as large as a change may be that is written with more room
    const response = await fetch(`http://127.0.0.1:${process.port}/dead-letters/${parked.commandId}`, {
      method: 'PATCH', body, headers: { 'x-api-key': 'admin-secret', 'content-type': 'application/json' },
    });
    t.equal(response.status, 202);
    t.match(await response.text(), `"after":${revenue}`);
    await eventually('it is applied', () => outcomesOf(system), { until: ({ applied }) => applied === 2 });
    const { rows } = await system.db.query("select data::text || coalesce(personal::text, '') as data from clientele.events where kind = 'event' order by position desc limit 1");
    t.match(rows[0].data, `"AnnualRevenue":${revenue}`);
    const { rows: edits } = await system.db.query('select editor, reason, payload from clientele.ledger_edits where command_id = $1', [parked.commandId]);
    t.match(edits, [{ editor: 'admin', reason: 'a wrong name', payload: { event: { data: { Name: 'Name of 0015f00002J9RPfAAN' } } } }]);
    t.match(await call(process, 'GET', `/dead-letters/${parked.commandId}`), { status: 404, body: { detail: /applied/ } });
  });

  t.test('what is given up keeps its reason', async (t) => {
    t.match(await call(process, 'POST', `/dead-letters/${lost.commandId}/discard`, { reason: 'a\u0000' }), { status: 400, body: { errors: [{ path: 'reason' }] } });
    t.match(await call(process, 'POST', `/dead-letters/${lost.commandId}/discard`, { reason: '  ' }), { status: 400, body: { errors: [{ path: 'body.reason' }] } });
    for (const path of ['/dead-letters/%00', '/dead-letters?source=%00']) t.match(await call(process, 'GET', path), { status: 400 });
    t.match(await call(process, 'POST', `/dead-letters/${lost.commandId}/discard`, {}), { status: 400, body: { errors: [{ path: 'body.reason' }] } });
    t.match(await call(process, 'POST', `/dead-letters/${lost.commandId}/discard`, { reason: 'a test' }), { status: 202, body: { status: 'accepted' } });
    await eventually('it is discarded', () => outcomesOf(system), { until: ({ discarded }) => discarded === 2 });
    const { rows } = await system.db.query('select outcome, reason, payload from clientele.ledger where command_id = $1', [lost.commandId]);
    t.same(rows, [{ outcome: 'discarded', reason: 'a test', payload: null }]);
    t.match(await system.accounting(), { unaccounted: 0, outcomes: { parked: 0 } });
  });
});

t.test('five hundred are redriven, one in a hundred still bad', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const records = ids(500);
  // The first that is tried is good, and one of the next ten is not.
  const bad = [5, 100, 200, 300, 495].map((n) => records[n] ?? '');
  const parked = (await park(system, records)).map(({ commandId }) => commandId);
  await mend(system, bad);
  t.match(await call(process, 'POST', '/dead-letters/redrive', {}), { status: 400, body: { errors: [{ code: 'one_of' }] } });
  t.match(await call(process, 'POST', '/dead-letters/redrive', { ids: ['20250101-nothing'] }), { status: 404 });

  const strict = { ids: parked, rate: 1000, canary: { steps: [1, 10, 'all'], stop_above: 0.05 } };
  const begun = await call<Redrive>(process, 'POST', '/dead-letters/redrive', strict);
  t.match(begun, { status: 202, body: { state: 'running', total: 500, requested_by: 'admin', step: 1 } });
  const stopped = await finished(process, begun.body.id);
  t.match(stopped, { state: 'stopped', stopped_because: '1 of 10 failed again in the step of 10, more than the share of 0.05', succeeded: 10, failed_again: 1 });

  const lenient = { ids: [...parked].reverse(), rate: 1000, canary: { steps: [1, 10, 'all'], stop_above: 0.5 } };
  const whole = await call<Redrive>(process, 'POST', '/dead-letters/redrive', lenient);
  const done = await finished(process, whole.body.id);
  t.match(done, { state: 'done', stopped_because: null, succeeded: 485, failed_again: 5, skipped: 10, step: 'all' });
  t.match(await outcomesOf(system), { applied: 495, parked: 5 });
  t.match(await system.accounting(), { unaccounted: 0 });
  const left = (await call<DeadLetterPage>(process, 'GET', '/dead-letters')).body.items;
  t.same(left.map(({ external_id: record }) => record).sort(), [...bad].sort());
  t.ok(left.every(({ attempts }) => attempts > 0));

  const all = await call<Redrive>(process, 'POST', '/dead-letters/redrive', { filter: { reason: 'unknown_change_type', source: SOURCE } });
  t.match(await finished(process, all.body.id), { state: 'done', total: 5, failed_again: 5, canary: null }, 'without a canary it goes through');
  // Two of those that are left turn out to be wrong: they are settled, but not as anybody hoped.
  await system.db.query(
    `update clientele.ledger set payload = replace(replace(payload::text, '"kind":"unknown"', '"kind":"change"'), '"provider":"salesforce","source"', '"provider":"hubspot","source"')::json
      where outcome = 'parked' and external_id = any($1)`, [bad.slice(0, 2)],
  );
  const wrong = await call<Redrive>(process, 'POST', '/dead-letters/redrive', { filter: {}, canary: { steps: ['all'], stop_above: 0 } });
  const ended = await finished(process, wrong.body.id);
  t.match(ended, { state: 'stopped', succeeded: 0, rejected: 2, failed_again: 3 });
  t.match(await outcomesOf(system), { rejected: 2, parked: 3 });
  const slow = await call<Redrive>(process, 'POST', '/dead-letters/redrive', { ids: left.map(({ id }) => id), rate: 1 });
  await eventually('one of it is ordered', async () => (await call<Redrive>(process, 'GET', `/dead-letters/redrives/${slow.body.id}`)).body, { until: ({ sent }) => sent > 0 });
  t.match(await cancel(process, slow.body.id), { status: 200, body: { state: 'cancelled', total: 5 } });
  await eventually('what it ordered is counted', async () => (await call<Redrive>(process, 'GET', `/dead-letters/redrives/${slow.body.id}`)).body, {
    until: ({ sent, succeeded, rejected, failed_again: failed }) => succeeded + rejected + failed === sent,
  });
  t.match(await call(process, 'GET', '/dead-letters/redrives/01900000-0000-7000-8000-000000000001'), { status: 404 });
});

t.test('a redrive goes on where it was after kill -9', async (t) => {
  const system = await testSystem(t, postgres);
  const records = ids(300);
  const first = await system.startCommand({ CLIENTELE_FAULT: 'redrive.ordered#3' });
  await park(system, records);
  await mend(system, records.slice(10, 13));
  const { body: { id } } = await call<Redrive>(first, 'POST', '/dead-letters/redrive', { filter: {}, rate: 100 });
  await first.exited;
  t.ok(((await outcomesOf(system))['parked'] ?? 0) > 100, 'it died in the midst of it');
  const second = await system.startCommand({ CLIENTELE_FAULT: 'redrive.window-saved#2' });
  await second.exited;
  const third = await system.startCommand();
  t.match(await finished(third, id), { state: 'done', total: 300, failed_again: 3 });
  t.match(await system.accounting(), { unaccounted: 0, outcomes: { applied: 297, parked: 3 } });
  t.equal((await system.events()).length, 297, 'nothing was decided twice');
});

t.test('one poisoned record among a thousand keeps nobody waiting, and is tried again by itself', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const records = ids(1000);
  const changes = records.map((externalId, n) => (n === 500 ? unknown(externalId) : change({ type: 'Created', externalId })));
  await system.send(...changes);
  await eventually('the others are applied', () => outcomesOf(system), { until: ({ applied, parked }) => applied === 999 && parked === 1 });
  const path = `/dead-letters/${changes[500]?.commandId}`;
  await eventually('it is tried again', async () => (await call<DeadLetterDetail>(process, 'GET', path)).body, { until: ({ attempts }) => attempts > 0 });
  const { rows: orders } = await system.db.query("select from clientele.ledger where command_type = 'RedriveParked'");
  t.equal(orders.length, 0, 'nothing was ordered that could not come out otherwise');
  await system.db.query(
    `update clientele.ledger set payload = replace(replace(payload::text, '"kind":"unknown"', '"kind":"change"'), 'SNAPSHOT', 'CREATE')::json, next_attempt_at = now()
      where outcome = 'parked'`,
  );
  await eventually('it is applied', () => outcomesOf(system), { until: ({ applied }) => applied === 1000 });
  t.match(await system.accounting(), { unaccounted: 0, outcomes: { parked: 0 } });
});

t.test('a body is submitted again once it is understood', async (t) => {
  const system = await testSystem(t, postgres);
  const process = await system.startCommand();
  const garbage = quarantineBody('<xml/>');
  const body = stringifyExact({
    version: '0', id: '1a2b', 'detail-type': 'Salesforce Change', source: 'aws.partner/salesforce.com/00D5f000005KcCnEAK/channel', account: '1', time: '2025-04-24T10:00:00Z',
    region: 'eu-west-1', resources: [],
    detail: { schemaId: 'schema', id: '1a2b', payload: { Name: 'Acme', ChangeEventHeader: {
      entityName: 'Account', recordIds: ['0015f00002J9RPfAAN'], changeType: 'CREATE', changeOrigin: '', transactionKey: '0001', sequenceNumber: 1,
      commitTimestamp: 1745489506000, commitNumber: 1745500706683, commitUser: '0055f000005mc66AAA', nulledFields: [], diffFields: [], changedFields: [],
    } } },
  });
  const kept = quarantineBody(body);
  await system.send(garbage, kept);
  await eventually('both are kept', () => outcomesOf(system), { until: ({ quarantined }) => quarantined === 2 });
  t.match(await call(process, 'POST', `/dead-letters/${garbage.commandId}/resubmit`), { status: 422, body: { detail: /still not understood/ } });
  const strict = await system.startCommand({ NODE_ENV: 'production' });
  t.match(await call(strict, 'POST', `/dead-letters/${kept.commandId}/resubmit`), { status: 422, body: { errors: [{ code: 'unknown_source' }] } }, 'outside development');
  const answer = await call<{ changes: string[] }>(process, 'POST', `/dead-letters/${kept.commandId}/resubmit`);
  t.match(answer, { status: 202 }, JSON.stringify(answer.body));
  await eventually('the change is applied', () => outcomesOf(system), { until: ({ applied }) => applied === 1 });
  const { rows } = await system.db.query("select metadata->'change'->>'causation_id' as cause, metadata->>'changeId' as id from clientele.events where kind = 'event'");
  t.same(rows, [{ cause: kept.commandId, id: answer.body.changes[0] }]);
  t.match((await call<DeadLetterDetail>(process, 'GET', `/dead-letters/${kept.commandId}`)).body, {
    outcome: 'quarantined', resubmitted_by: 'admin', resubmitted_at: /Z$/, would: null, body_text: body,
  }, 'it stays, marked');
  t.match(await call(process, 'PATCH', `/dead-letters/${garbage.commandId}`, { event: { data: {} }, reason: 'x' }), { status: 409 });
  t.match(await call(process, 'POST', `/dead-letters/${garbage.commandId}/discard`, { reason: 'no event' }), { status: 202 });
  await eventually('the other is discarded', () => outcomesOf(system), { until: ({ discarded }) => discarded === 1 });
});

t.test('what earlier code did not know is decided at the first start', async (t) => {
  const [gap, deletion, diff, bitmap, nameless, strange] = [
    change({ externalId: '0015f0000000001AAA', kind: 'gap', sourceChangeType: 'GAP_UPDATE', data: {} }),
    change({ externalId: '0015f0000000002AAA', kind: 'gap', type: 'Deleted', sourceChangeType: 'GAP_DELETE', data: {} }),
    change({ externalId: '0015f0000000003AAA', data: { Text__c: { diff: '--- \n+++ abc\n@@ -1 +1 @@' } }, changedFields: ['Text__c'] }),
    change({ externalId: '0015f0000000004AAA', changedFields: ['0x400000'] }),
    // Of this PostgreSQL cannot read the record out of the payload: its row tells of none.
    change({ externalId: '0015f0000000006AAA', type: 'Created', data: { Name: 'a\u0000b' } }),
    change({ externalId: '0015f0000000005AAA', kind: 'unknown', sourceChangeType: 'SNAPSHOT' }),
  ];
  const parked = [gap, deletion, diff, bitmap, nameless, strange].filter((command) => command !== undefined);
  const system = await testSystem(t, postgres, { before: (url) => leaveAsEarlierCode(url, parked) });
  await system.db.query('update clientele.ledger set next_attempt_at = null, attempts = 28 where command_id = $1', [deletion?.commandId]);
  const process = await system.startCommand();
  await eventually('they are decided', () => outcomesOf(system), { until: ({ applied }) => applied === 5 });
  await eventually('the last one is tried', async () => (await call<DeadLetterDetail>(process, 'GET', `/dead-letters/${strange?.commandId}`)).body, {
    until: ({ attempts, reason }) => attempts > 0 && reason === 'unknown_change_type',
  });
  t.match(await system.accounting(), { accepted: 6, unaccounted: 0, outcomes: { applied: 5, parked: 1 } });
  const { rows } = await system.db.query<{ id: string; events: string[] }>(
    "select metadata->>'externalId' as id, array_agg(type order by position) as events from clientele.events where kind = 'event' group by 1 order by 1",
  );
  t.same(rows.map(({ id, events }) => `${id.slice(12, 15)} ${events.join()}`), [
    '001 MarkedDirty', '002 Deleted', '003 Updated,MarkedDirty', '004 Updated,MarkedDirty', '006 Created',
  ]);
});
