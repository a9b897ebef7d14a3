import t from 'tap';
import { eventually, relayFeed } from '@clientele/testing';
import type { EntityDrift } from '../src/plans/http/drift-view.ts';
import type { PlanOrder, PlanView } from '../src/plans/http/plan-view.ts';
import { sharedPostgres, testSystem, type CommandProcess } from './support/system.ts';
import { sendFeed, simulatedOrg, untruths } from './support/simulated-org.ts';

const postgres = await sharedPostgres(t);

async function plans(process: CommandProcess, query = ''): Promise<PlanView[]> {
  const { status, body } = await process.get(`/plans?limit=200${query}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return (body as { items: PlanView[] }).items;
}

async function order(process: CommandProcess, wanted: PlanOrder): Promise<PlanView> {
  const { status, body } = await process.post('/plans', wanted);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body as PlanView;
}

async function ended(process: CommandProcess, id: string): Promise<PlanView> {
  return await eventually(`plan ${id} ends`, async () => (await process.get(`/plans/${id}`)).body as PlanView, {
    until: ({ finished_at: finishedAt }) => finishedAt !== null, timeoutMs: 45_000,
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${process.output().slice(-4000)}`);
  });
}

async function drift(process: CommandProcess): Promise<EntityDrift[]> {
  const { body } = await process.get('/drift');
  return (body as { items: { entities: EntityDrift[] }[] }).items.flatMap(({ entities }) => entities);
}

function sum(plan: PlanView, name: string): number {
  return Object.values(plan.counts).reduce((total, counts) => total + (counts[name] ?? 0), 0);
}

/** Takes some of a feed that goes on. */
function* first<T>(feed: Iterator<T>, count: number): Generator<T> {
  for (let taken = 0; taken < count; taken += 1) {
    const { done, value } = feed.next();
    if (done === true) return;
    yield value;
  }
}

t.test('a source that is connected is loaded beside its feed, whole, within its share of the quota', async (t) => {
  const system = await testSystem(t, postgres);
  const dailyQuota = 600;
  const setting = await simulatedOrg(t, { org: { seed: 'load', records: 600, changes: 2400 }, server: { dailyQuota }, share: 0.4 });
  const feed = relayFeed(setting.org);
  // The org's life before anybody listened.
  for (const _ of first(feed, 900)) { /* not sent */ }
  const process = await system.startCommand({ ...setting.env, LOAD_ON_CONNECT: 'true', PLAN_PAGE_RECORDS: '25' });
  const [load] = await eventually('the load is planned', () => plans(process, '&kind=load'), { until: ({ length }) => length === 1 });
  // Records are created and deleted as long as it reads, and while it counts.
  const alive = (): Set<string> => new Set(setting.server.truth().filter(({ lifecycle }) => lifecycle === 'active').map(({ entity, externalId }) => `${entity} ${externalId}`));
  const [always, ever] = [alive(), alive()];
  function* seen<T>(events: Iterable<T>): Generator<T> {
    for (const event of events) {
      const now = alive();
      for (const one of always) if (!now.has(one)) always.delete(one);
      for (const one of now) ever.add(one);
      yield event;
    }
  }
  let changes = 0;
  while ((await process.get(`/plans/${load?.id}`) as { body: PlanView }).body.finished_at === null) {
    changes += await sendFeed(system, seen(first(feed, 10)), setting.source);
    await system.accounted(changes);
  }
  const done = await ended(process, load?.id ?? '');
  t.ok(changes > 100, `${changes} changes beside it`);
  changes += await sendFeed(system, feed, setting.source);
  await system.accounted(changes);
  t.strictSame(await untruths(system, setting), []);
  t.match(done, { kind: 'load', state: 'done', complete: true, cause: 'connected', task: null, failures: {}, progress: { share: 1, seconds_left: null } });
  const provided = sum(done, 'provided');
  t.ok(always.size > 100 && provided >= always.size && provided <= ever.size, `${always.size} lived all along, ${ever.size} at some time: ${JSON.stringify(done.counts)}`);
  t.match([sum(done, 'held'), sum(done, 'missing')], [provided, 0]);
  t.ok(done.progress.api_calls > provided / 25, `${done.progress.api_calls} calls`);
  t.ok(setting.server.quota.used <= dailyQuota * 0.4, `${setting.server.quota.used} calls of ${dailyQuota}`);
  t.ok(done.progress.api_calls <= setting.server.quota.used);
  const { body: metrics } = await process.get('/metrics');
  for (const one of ['plans_ended_total.*kind="load",state="done".* 1', 'source_generation_jumps_total.* 0']) t.match(metrics, new RegExp(`^clientele_${one}$`, 'm'));

  t.test('what has spent its part of the quota keeps nothing more urgent waiting', async (t) => {
    const { source } = setting;
    // Reads of single records, a merge's survivors most of all, may spend more than either, and would.
    const wanted = async (): Promise<unknown[]> => (await system.db.query(`select external_id, reason, state, attempts from clientele.reads where state <> 'given_up'`)).rows;
    await eventually('nothing is to be read', wanted, { until: ({ length }) => length === 0, timeoutMs: 30_000 });
    // Of 240 calls that are ours a comparison may bring all of them to 180, a repair to 204.
    await system.db.query(
      `select clientele.spend_calls($1, 'reconciliation', 179 - (select sum(calls)::int from clientele.api_calls where source = $1), null)`, [source],
    );
    const { id } = await order(process, { kind: 'reconciliation', source });
    await eventually('it waits', async () => (await process.get(`/plans/${id}`)).body as PlanView, { until: ({ trouble }) => /share of the quota/.test(trouble?.message ?? '') });
    const repair = await order(process, { kind: 'repair', source, entity: 'Lead', from: new Date(setting.org.clock.now() - 60_000).toISOString() });
    t.match(await ended(process, repair.id), { state: 'done', counts: { Lead: {} } });
    t.match(await process.post(`/plans/${id}/cancel`), { status: 200, body: { state: 'cancelled' } });
    t.ok(setting.server.quota.used <= dailyQuota * 0.4);
    await system.db.query('delete from clientele.api_calls');
  });

  t.test('and never again', async (t) => {
    process.kill('SIGKILL');
    await process.exited;
    const again = await system.startCommand({ ...setting.env, LOAD_ON_CONNECT: 'true', SAMPLE_EVERY_MINUTES: '1' });
    const { id } = await order(again, { kind: 'reconciliation', source: setting.source, mode: 'sample', records: 50 });
    t.match(await ended(again, id), { state: 'done', counts: { Account: { compared: 50, drifted: 0 } } });
    t.equal((await plans(again, '&kind=load')).length, 1);
    const [account] = await drift(again);
    t.match(account, { entity: 'Account', full: null, sample: { compared: 50, drifted: 0, score: 0, low: 0 } });
    t.ok((account?.sample?.high ?? 0) > 0.05 && (account?.sample?.high ?? 1) < 0.08, 'fifty records do not prove that there is none among thousands');
  });
});

t.test('a load that is killed goes on where it was, and repeats one page at most', async (t) => {
  const system = await testSystem(t, postgres);
  const setting = await simulatedOrg(t, {
    org: { seed: 'killed', records: 400, changes: 300 },
    server: { habits: { nullsInCollections: 0.2, mishaps: { server_error: 0.02, unauthorized: 0.02 }, nullsInErrors: true } },
  });
  for (const _ of relayFeed(setting.org)) { /* nobody listens yet */ }
  const env = { ...setting.env, LOAD_ON_CONNECT: 'true', PLAN_PAGE_RECORDS: '40' };
  const processes: CommandProcess[] = [];
  for (const fault of ['plan.before-send#6', 'plan.after-send#3', 'plan.after-send#5']) {
    const killed = await system.spawnCommand({ ...env, CLIENTELE_FAULT: fault });
    processes.push(killed);
    await killed.exited;
  }
  const process = await system.startCommand(env);
  processes.push(process);
  const [load] = await plans(process);
  const done = await ended(process, load?.id ?? '');
  t.equal(done.state, 'done');
  t.ok(sum(done, 'later') > 0, 'what is listed and not shown is left to single reads');
  await eventually('all is as in the org', () => untruths(system, setting), { until: ({ length }) => length === 0, timeoutMs: 60_000 });
  const alive = setting.server.truth().filter(({ lifecycle }) => lifecycle === 'active').length;
  t.equal(sum(done, 'read'), alive, 'nothing is counted twice');
  await eventually('nothing is asked for any more: one look is enough', async () => (await system.db.query('select external_id from clientele.reads')).rows, {
    until: ({ length }) => length === 0, timeoutMs: 60_000,
  });
  const { rows: [row] } = await system.db.query<{ count: number }>(`select count(*)::int as count from clientele.ledger where command_type = 'RecordRead'`);
  // Each kill, and each time that a machine with other things to do keeps a lease from being renewed, somebody leads the source anew.
  const leaders = processes.reduce((sum, { output }) => sum + [...output().matchAll(/"lease":"reader:[^\n]*"lease taken"/g)].length, 0);
  t.ok(leaders >= processes.length, `${leaders} times the source was led`);
  t.ok((row?.count ?? 0) >= alive && (row?.count ?? 0) <= alive + (leaders - 1) * 40, `${row?.count} readings of ${alive} records`);
});

t.test('what an overflow or a wildcard leaves unsaid is read again, once for each', async (t) => {
  const system = await testSystem(t, postgres);
  const setting = await simulatedOrg(t, {
    org: { seed: 'overflow', records: 300, changes: 1200, life: { overflow: { share: 0.03, size: 80, threshold: 20 }, fieldConversions: 0.01 } },
  });
  const process = await system.startCommand({ ...setting.env, PLAN_PAGE_RECORDS: '100' });
  const changes = await sendFeed(system, relayFeed(setting.org), setting.source);
  const { outcomes } = await system.accounted(changes);
  t.equal(outcomes['parked'] ?? 0, 0);
  const repairs = await eventually('the repairs end', () => plans(process, '&kind=repair'), { until: (all) => all.every(({ finished_at: at }) => at !== null), timeoutMs: 90_000 });
  const gaps = (setting.org.tally.get('GAP_OVERFLOW') ?? 0) + (setting.org.tally.get('field_conversion') ?? 0);
  t.ok((setting.org.tally.get('GAP_OVERFLOW') ?? 0) > 3 && (setting.org.tally.get('field_conversion') ?? 0) > 3, 'the org had both');
  t.equal(repairs.length, gaps);
  t.ok(repairs.every(({ state, entities, requested_by: by }) => state === 'done' && entities.length === 1 && by === 'plans'));
  t.ok(repairs.some(({ from }) => from === null) && repairs.some(({ from }) => from !== null), 'a range by its stamps, and all where nothing is stamped');
  await eventually('all is as in the org', () => untruths(system, setting), { until: ({ length }) => length === 0, timeoutMs: 30_000 });
});

t.test('what was lost without a word is found and repaired', async (t) => {
  const system = await testSystem(t, postgres);
  const setting = await simulatedOrg(t, {
    org: { seed: 'lost', records: 500, changes: 2000, life: { vanishings: 0.02 } }, server: { habits: { deletedLogKeepsPurged: false } },
  });
  const process = await system.startCommand({ ...setting.env, PLAN_PAGE_RECORDS: '100' });
  let dropped = 0;
  const feed = relayFeed(setting.org, { drop: 0.01, tell: (what) => { if (what === 'drop') dropped += 1; } });
  await system.accounted(await sendFeed(system, feed, setting.source));
  setting.org.clock.advance(120_000);
  const vanished = setting.org.tally.get('vanishing') ?? 0;
  await eventually('single reads have done what they can', async () => {
    const { rows: [row] } = await system.db.query<{ count: number }>(`select count(*)::int as count from clientele.reads where state <> 'given_up' and (state = 'taken' or attempts < 2)`);
    return row?.count;
  }, { until: (count) => count === 0, timeoutMs: 30_000 });
  const wrong = await untruths(system, setting);
  const drifted = new Set(wrong.map((what) => what.split(':')[0])).size;
  t.ok(dropped > 10 && vanished > 3 && drifted > 10, `${dropped} dropped, ${vanished} vanished, ${drifted} records wrong`);

  const { id } = await order(process, { kind: 'reconciliation', source: setting.source, reason: 'a test' });
  const found = await ended(process, id);
  t.match(found, { state: 'done', mode: 'full', cause: 'a test', requested_by: 'admin' });
  await eventually('all is as in the org', () => untruths(system, setting), { until: ({ length }) => length === 0, timeoutMs: 30_000 });
  t.equal(sum(found, 'drifted'), drifted, 'as many as were wrong');
  t.ok(sum(found, 'hard_deleted') >= 3 && sum(found, 'hard_deleted') <= vanished, `${sum(found, 'hard_deleted')} deletions that nothing tells of`);
  t.equal(sum(found, 'missed') + sum(found, 'late') + sum(found, 'gap') + sum(found, 'mapping'), drifted);
  t.ok(sum(found, 'missed') > drifted * 0.8);
  const { rows } = await system.db.query<{ cause: string }>(
    `select distinct metadata->'change'->>'source_change_type' as cause from clientele.events where metadata->'change'->>'kind' = 'read'`,
  );
  t.ok(rows.some(({ cause }) => cause === 'read: reconciliation.missed'), JSON.stringify(rows));
  const entities = await drift(process);
  t.equal(entities.reduce((total, { full }) => total + (full?.drifted ?? 0), 0), drifted);

  const again = await ended(process, (await order(process, { kind: 'reconciliation', source: setting.source })).id);
  t.equal(sum(again, 'drifted'), 0, 'nothing is left');
  t.ok((await drift(process)).every(({ full }) => full === null || (full.score === 0 && full.low === 0 && full.high === 0)));
});

t.test('a window after an outage is read again', async (t) => {
  const system = await testSystem(t, postgres);
  const setting = await simulatedOrg(t, { org: { seed: 'window', records: 300, changes: 900 } });
  const process = await system.startCommand({ ...setting.env, PLAN_PAGE_RECORDS: '100' });
  const feed = relayFeed(setting.org);
  let sent = await sendFeed(system, first(feed, 900), setting.source);
  const from = new Date(setting.org.clock.now()).toISOString();
  for (const _ of first(feed, 60)) { /* an outage */ }
  const until = new Date(setting.org.clock.now()).toISOString();
  sent += await sendFeed(system, feed, setting.source);
  await system.accounted(sent);
  const done = await ended(process, (await order(process, { kind: 'window', source: setting.source, from, until })).id);
  t.match(done, { state: 'done', from, until, kind: 'window' });
  await eventually('all is as in the org', () => untruths(system, setting), { until: ({ length }) => length === 0, timeoutMs: 30_000 });
});

t.test('plans are asked for, looked at and given up; feeds are watched', async (t) => {
  const system = await testSystem(t, postgres);
  const setting = await simulatedOrg(t, { org: { seed: 'routes', records: 60, changes: 60 }, entities: { Ghost__c: { aggregate: 'ghost' } } });
  const feed = relayFeed(setting.org);
  for (const _ of first(feed, 60)) { /* the org lives */ }
  const { source, server } = setting;
  server.habits.mishaps = { rate_limited: 1 };
  const process = await system.startCommand({ ...setting.env, FEED_LOOK_SECONDS: '1' });
  const refusals: [Partial<PlanOrder>, RegExp][] = [
    [{ kind: 'load', source: 'salesforce:other' }, /"path":"source".*add it, with base_url and credentials/],
    [{ kind: 'load', source, entity: 'Nothing__c' }, /"path":"entity".*mapped: Account/],
    [{ kind: 'window', source }, /"path":"from".*is missing/],
    [{ kind: 'window', source, from: '2025-01-02T00:00:00Z', until: '2025-01-01T00:00:00Z' }, /"path":"until".*later than from/],
    [{ kind: 'window', source, from: '2999-01-01T00:00:00Z' }, /"path":"from".*in the future/],
    [{ kind: 'load', source, from: '2025-01-01T00:00:00Z' }, /"path":"from".*ask for a window/],
    [{ kind: 'reconciliation', source, records: 5 }, /"path":"records".*set mode to sample/],
    [{ kind: 'load' }, /source/],
    [{ kind: 'load', source, reason: 'a\u0000b' }, /"path":"body.reason".*control character/],
    [{ kind: 'window', source, from: '2026-02-30T12:00:00Z' }, /"path":"body.from"/],
  ];
  for (const [wanted, why] of refusals) {
    const { status, body } = await process.post('/plans', wanted);
    t.equal(status, 400, JSON.stringify(wanted));
    t.match(JSON.stringify(body), why);
  }
  const plan = await order(process, { kind: 'repair', source, entity: 'Account' });
  t.match(await eventually('it waits', async () => (await process.get(`/plans/${plan.id}`)).body as PlanView, { until: ({ trouble }) => trouble !== null }), {
    state: 'running', entities: ['Account'], task: 'changed Account', trouble: { message: /TOO_MANY_REQUESTS/ },
  });
  t.match(await process.post(`/plans/${plan.id}/pause`), { status: 200, body: { state: 'paused' } });
  t.match(await process.post(`/plans/${plan.id}/pause`), { status: 409, body: { detail: /is paused and cannot be paused/ } });
  t.match(await process.post(`/plans/${plan.id}/resume`), { status: 200, body: { state: 'running' } });
  t.match(await process.post(`/plans/${plan.id}/cancel`), { status: 200, body: { state: 'cancelled' } });
  t.match(await process.post(`/plans/${plan.id}/resume`), { status: 409 });
  t.equal((await process.post('/plans/00000000-0000-7000-8000-000000000000/cancel')).status, 404);
  const { body: page } = await process.get('/plans?limit=1') as { body: { items: PlanView[]; next_cursor: string | null } };
  t.equal(page.items.length, 1);
  const early = Buffer.from(`-271821-04-20T00:00:00.000Z ${plan.id}`).toString('base64url');
  for (const wrong of ['cursor=x', `cursor=${early}`, 'source=%00', 'entity=a%00']) t.match(await process.get(`/plans?${wrong}`), { status: 400 }, wrong);
  const { body: api } = await process.get('/openapi.json') as { body: { paths: object } };
  t.strictSame(Object.keys(api.paths).filter((path) => /^\/(plans|drift)/.test(path)).sort(), ['/drift', '/plans', '/plans/{id}', '/plans/{id}/cancel', '/plans/{id}/pause', '/plans/{id}/resume']);

  t.test('an entity that cannot be read fails its part alone', async (t) => {
    server.habits.mishaps = {};
    const { id } = await order(process, { kind: 'load', source });
    const failed = await ended(process, id);
    t.match(failed, { state: 'failed', complete: false, failures: { Ghost__c: /INVALID_TYPE|not supported|NOT_FOUND/ } });
    t.strictSame(Object.keys(failed.failures), ['Ghost__c']);
    t.strictSame(await untruths(system, setting), []);
    t.match(await process.post(`/plans/${id}/resume`), { status: 200, body: { state: 'running' } });
    const again = await ended(process, id);
    t.match(again, { state: 'failed', failures: { Ghost__c: /./ } });
    t.equal(sum(again, 'read'), sum(failed, 'read'), 'the others are not read again');
  });

  t.test('a feed that stands is told', async (t) => {
    const alarms = async (): Promise<string[]> => {
      const { body } = await process.get('/drift') as { body: { items: { feed: { alarms: string[] } | null }[] } };
      return body.items[0]?.feed?.alarms ?? ['not asked'];
    };
    t.strictSame(await eventually('all is well', alarms, { until: ({ length }) => length === 0, timeoutMs: 60_000 }), []);
    setting.org.relay.status = 'ERROR';
    setting.org.relay.error = { code: 'BUS_GONE', message: 'The event bus is not there', at: setting.org.clock.now() };
    t.strictSame(await eventually('it fails', alarms, { until: ({ length }) => length > 0 }), ['error']);
    setting.org.relay.status = 'STOPPED';
    setting.org.relay.error = null;
    t.strictSame(await eventually('it stands', alarms, { until: (all) => all.includes('stopped') }), ['stopped']);
    setting.org.relay.status = 'RUNNING';
    for (const _ of feed) { /* it goes on, and nobody is told */ }
    setting.org.clock.advance(3 * 3_600_000);
    t.strictSame(await eventually('it says nothing', alarms, { until: (all) => all.includes('silent') }), ['silent']);
    t.match((await process.get('/metrics')).body, /clientele_feed_alarm\{[^}]*alarm="silent"[^}]*\} 1/);
  });
});
