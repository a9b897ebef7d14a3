import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { FULL_LIFE, relayFeed, SalesforceOrg } from '../src/index.ts';
import { scene, small } from './support/salesforce-scene.ts';

t.test('limits', async (t) => {
  const { client, server } = await scene(t, { dailyQuota: 5 });
  t.equal((await client.get('limits')).headers.get('sforce-limit-info'), 'api-usage=1/5');
  t.match((await client.get('limits')).json, { DailyApiRequests: { Max: 5, Remaining: 3 } });
  server.quota.used = 5;
  t.match(await client.get('limits'), { status: 403, json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }] });
  t.equal((await client.get('limits')).headers.get('sforce-limit-info'), 'api-usage=5/5', 'a refused call costs nothing');
  server.quota.max = 100;
  t.equal((await client.get('limits')).status, 200);
  t.strictSame([server.counts.kinds.get('limits'), server.counts.kinds.get('token'), server.counts.statuses.get(403)], [5, 1, 2]);
});

t.test('an answer belongs to the time that it says, however fast the history is walked on', async (t) => {
  for (const clock of ['history', 'live'] as const) {
    const org = new SalesforceOrg({ ...small, changes: 20_000, clock, life: { ...FULL_LIFE, conversions: 0.2 } });
    const { client } = await scene(t, { org, habits: { latencyMs: [0, 60] } });
    const counts: { at: number; accounts: number }[] = [{ at: 0, accounts: 0 }];
    const walk = async (transactions: ReturnType<SalesforceOrg['transactions']>, until: AbortSignal) => {
      while (!until.aborted) {
        for (let steps = 5; steps > 0 && transactions.next().done !== true; steps -= 1) counts.push({ at: org.clock.now(), accounts: org.records.live('Account').size });
        await delay(1);
      }
    };
    const stop = new AbortController();
    const walking = walk(org.transactions(), stop.signal);
    for (let call = 0; call < 25; call += 1) {
      const begun = performance.now();
      const { json, headers } = await client.query('SELECT COUNT() FROM Account');
      const [duration, date] = [Math.ceil(performance.now() - begun), Date.parse(headers.get('date')!)];
      const [from, until] = [date - duration, date + 999];
      const first = counts.findLastIndex(({ at }) => at <= from);
      const possible = counts.slice(Math.max(0, first)).filter(({ at }, place) => place === 0 || at <= until).map(({ accounts }) => accounts);
      // Person accounts and converted leads' accounts are live records too.
      t.ok(possible.includes(json.totalSize), `${clock}: ${json.totalSize} in [${new Date(from).toISOString()}, ${new Date(until).toISOString()}]`);
    }
    stop.abort();
    await walking;
    if (clock === 'live') t.ok(Math.abs(org.clock.now() - Date.now()) < 1000);
    const before = org.clock.now();
    org.clock.advance(60_000);
    t.ok(clock === 'live' ? org.clock.now() >= before + 60_000 : org.clock.now() >= before);
  }
  const ended = await scene(t);
  const before = Date.parse((await ended.client.get('limits')).headers.get('date')!);
  ended.org.clock.advance(10_000);
  t.ok(Date.parse((await ended.client.get('limits')).headers.get('date')!) >= before + 9000, 'after its end, time passes as it is told to');
});

t.test('bad habits', async (t) => {
  const calls: number[] = [];
  const { client, server, some } = await scene(t, { onCall: ({ status, kind }) => { if (kind !== 'token') calls.push(status); } });
  server.next('unauthorized', 'limit_exceeded', 'rate_limited', 'server_error', 'unavailable', null);
  t.match(await client.get('limits'), { status: 401, json: [{ errorCode: 'INVALID_SESSION_ID' }] });
  t.match(await client.get('limits'), { status: 403, json: [{ errorCode: 'REQUEST_LIMIT_EXCEEDED' }] });
  t.match(await client.get('limits'), { status: 429, json: [{ errorCode: 'TOO_MANY_REQUESTS' }] });
  t.match(await client.get('limits'), { status: 500, json: [{ errorCode: 'UNKNOWN_EXCEPTION' }] });
  server.habits.retryAfterSeconds = 7;
  server.habits.nullsInErrors = true;
  const unavailable = await client.get('limits');
  t.match([unavailable.status, unavailable.json, unavailable.headers.get('retry-after')], [503, [null, { errorCode: 'SERVER_UNAVAILABLE' }], '7']);
  server.habits.nullsInErrors = false;
  t.equal((await client.get('limits')).status, 200);
  server.next('cut', 'truncated', 'torn', 'hang');
  await t.rejects(client.get('limits'), 'cut');
  await t.rejects(client.get('limits'), 'truncated');
  await t.rejects(client.get('limits'), SyntaxError, 'torn: all that was promised, and no JSON');
  await t.rejects(client.get('limits', AbortSignal.timeout(50)), { name: 'TimeoutError' });
  t.strictSame(calls, [401, 403, 429, 500, 503, 200, 0, 200, 200, 0]);
  server.habits.mishaps = { server_error: 0.3, unavailable: 0.3 };
  const statuses = await Promise.all(Array.from({ length: 60 }, async () => (await client.get('limits')).status));
  for (const status of [200, 500, 503]) t.ok(statuses.filter((seen) => seen === status).length > 5, `${status}`);
  t.equal((await client.login()).status, 200, 'tokens are another matter');
  server.habits.mishaps = {};
  server.habits.latencyMs = [100, 120];
  const begun = performance.now();
  await client.get('limits');
  t.ok(performance.now() - begun >= 95);
  server.habits.latencyMs = 0;
  server.habits.unseenAtFirst = 2;
  const { externalId } = some('Lead');
  t.equal((await client.get(`sobjects/Lead/${externalId}`)).status, 404);
  t.strictSame((await client.post('composite/sobjects/Lead', { ids: [externalId], fields: ['Id'] })).json, [null]);
  t.equal((await client.get(`sobjects/Lead/${externalId}`)).status, 200, 'seen at last');
  server.habits.unseenAtFirst = 0;
  server.habits.nullsInCollections = 1;
  t.strictSame((await client.post('composite/sobjects/Lead', { ids: [externalId], fields: ['Id'] })).json, [null]);
  server.habits.down = true;
  await t.rejects(client.get('limits'));
  await t.rejects(client.login());
  server.habits.down = false;
  t.equal((await client.login()).status, 200);
});

t.test('orgs side by side, with the same ids', async (t) => {
  const orgs = ['production', 'sandbox'].map((seed) => new SalesforceOrg({ seed, records: 100, changes: 300, sharedIds: 'acme' }));
  for (const org of orgs) Array.from(relayFeed(org));
  const [one, two] = await Promise.all(orgs.map(async (org) => await scene(t, { org })));
  const shared = [...one!.truth.values()].filter(({ entity, externalId, lifecycle }) => entity === 'Lead' && lifecycle === 'active' && two!.truth.get(externalId)?.lifecycle === 'active');
  t.ok(shared.length > 5);
  for (const { externalId } of shared) {
    for (const { client, truth } of [one!, two!]) t.equal((await client.get(`sobjects/Lead/${externalId}`)).json.LastName, truth.get(externalId)!.fields.get('Name.LastName'));
  }
  two!.client.token = one!.client.token;
  t.equal((await two!.client.get('limits')).status, 401, 'a token is good for its own org');
});
