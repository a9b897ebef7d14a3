import { createHash } from 'node:crypto';
import { stringifyExact } from '@clientele/contracts';
import t from 'tap';
import { FULL_LIFE, OVERFLOW_ID, relayFeed, SalesforceOrg, textDiff, type Disturbance, type FeedOptions, type OrgOptions } from '../src/index.ts';
import { believe, hear, patched, textOf, written, type Heard } from './support/oracle.ts';

const small = { seed: 'life', records: 200, changes: 2500 };
const run = (options: OrgOptions, feed: FeedOptions = {}) => {
  const org = new SalesforceOrg(options);
  const events = Array.from(relayFeed(org, feed), ({ body }) => hear(body));
  return { org, events, types: new Set(events.map(({ type }) => type)), truth: new Map(org.truth().map((record) => [record.externalId, record])) };
};
const digest = (options: OrgOptions, feed: FeedOptions) => {
  const hash = createHash('sha256');
  const org = new SalesforceOrg(options);
  for (const { body } of relayFeed(org, feed)) hash.update(`${body}\n`);
  for (const { externalId, lifecycle, fields } of org.truth()) hash.update(`${externalId} ${lifecycle} ${stringifyExact([...fields])}\n`);
  return hash.digest('hex');
};

t.test('an org without a life is byte for byte what it was before there was one', (t) => {
  const one = { seed: 'one', records: 120, changes: 900 };
  t.equal(digest(one, {}), '400b6a867d416bdbcc9a9949aa394576566ebc2e89bde53b041522dc326c6d2f');
  t.equal(digest(one, { merge: true, reorder: 50, repeat: 0.2 }), '3af07f28d1be03a0ce96ff3b343205ab4efb170edb4e8c6ec34aa70872b1267a');
  t.equal(digest({ seed: 'clientele', records: 300, changes: 3000 }, { repeat: 0.2, reorder: 100 }), '0963d80b0fa81dcc8f7c1e721b7b77dac5992c3c40bf362f4b663775614c453f');
  t.end();
});

t.test('whoever hears everything and sorts it knows the org, save where a gap says that they do not', (t) => {
  const life = { ...FULL_LIFE, hardDeletes: 0.05 };
  for (const feed of [{}, { reorder: 100, repeat: 0.2, merge: true, delay: { share: 0.1 }, gaps: 0.05, lossWithGap: 0.05, enriched: { Account: ['Phone', 'Rating'] } }]) {
    const { org, events, truth } = run({ ...small, life }, feed);
    const known = believe(events);
    t.equal(known.size, truth.size);
    let sure = 0;
    for (const [id, { stale, values, lifecycle }] of known) {
      const record = truth.get(id)!;
      t.equal(lifecycle, record.lifecycle, `${id} ${lifecycle}`);
      if (stale) continue;
      sure += 1;
      const difference = written(values).filter((line) => !written(record.fields).includes(line));
      t.strictSame([difference, values.size], [[], record.fields.size], `${record.entity} ${id}`);
    }
    t.ok(sure > truth.size / 3, `${sure} records without a gap`);
    for (const what of ['merge', 'conversion', 'hard_delete', 'person_account', 'large_text', 'text_diff', 'own', 'gap', 'quiet_gap', 'late_stamp', 'generation_jump',
      'CREATE', 'UPDATE', 'DELETE', 'UNDELETE', 'GAP_CREATE', 'GAP_UPDATE', 'GAP_DELETE', 'GAP_UNDELETE'] as const) t.ok((org.tally.get(what) ?? 0) > 0, `${what}: ${org.tally.get(what)}`);
    t.strictSame(digest({ ...small, life }, feed), digest({ ...small, life }, feed), 'and the same again by the same seed');
  }
  t.end();
});

t.test('commits of many a second, stamped with whole seconds before they commit', (t) => {
  const { events } = run({ ...small, life: { rush: 1, stampDelayMs: 5000 } });
  const perSecond = new Map<number, Set<bigint>>();
  for (const { stamp, commitNumber } of events) perSecond.set(stamp, (perSecond.get(stamp) ?? new Set()).add(commitNumber));
  t.ok(Math.max(...Array.from(perSecond.values(), ({ size }) => size)) > 20);
  const early = events.map(({ stamp, commitNumber }) => Number(commitNumber / 1_000_000n) - stamp);
  t.ok(Math.max(...early) > 4000 && Math.max(...early) <= 6000, `${Math.max(...early)} ms`);
  t.ok(Math.min(...run({ ...small, life: { rush: 1, stampDelayMs: 1000 } }).events.map(({ stamp, commitNumber }) => Number(commitNumber / 1_000_000n) - stamp)) >= 0);
  const last = new Map<string, Heard>();
  for (const event of [...events].sort((one, other) => (one.commitNumber < other.commitNumber ? -1 : 1))) {
    for (const id of event.ids) {
      if ((last.get(id)?.stamp ?? 0) > event.stamp) t.fail(`the stamps of ${id} fall`);
      last.set(id, event);
    }
  }
  t.end();
});

t.test('merges and conversions leave what the documentation says', (t) => {
  const { events, truth, org } = run({ ...small, life: { merges: 0.1, conversions: 0.1 } });
  const merged = [...truth.values()].filter(({ supersededBy }) => supersededBy);
  t.ok(merged.length > 10, `${merged.length} merged away`);
  for (const { entity, externalId, supersededBy, lifecycle } of merged) {
    t.equal(lifecycle, 'deleted');
    t.equal(supersededBy!.entity, entity);
    const deletion = events.findLast(({ type, ids }) => type === 'DELETE' && ids.includes(externalId))!;
    t.ok(events.some(({ type, ids, key }) => key === deletion.key && type === 'UPDATE' && ids.includes(supersededBy!.externalId)), 'its winner changed in the same transaction');
    const left = [...truth.values()].filter((other) => other.lifecycle === 'active' && other.fields.get('AccountId') === externalId);
    t.ok(left.every((other) => events.some(({ type, ids, clock }) => type === 'UNDELETE' && ids.includes(other.externalId) && clock > deletion.clock)), 'it keeps what was in the bin');
  }
  const converted = [...truth.values()].filter(({ convertedInto }) => convertedInto);
  t.equal(converted.length, org.tally.get('conversion'));
  for (const { externalId, fields, convertedInto } of converted) {
    t.equal(fields.get('IsConverted'), true);
    const update = events.findLast(({ ids, type }) => type === 'UPDATE' && ids.includes(externalId))!;
    for (const { field, entity, externalId: became } of convertedInto!) {
      const create = events.find(({ ids, type }) => type === 'CREATE' && ids.includes(became))!;
      t.strictSame([create.key, create.entity, create.commitNumber], [update.key, entity, update.commitNumber], field);
      t.ok(update.stamp - create.stamp >= 0 && update.stamp - create.stamp <= 1000);
    }
  }
  t.end();
});

t.test('gaps: with and without a date, of fields, of masses', (t) => {
  const gaps = run({ ...small, life: { gaps: 0.3 } });
  t.ok(gaps.events.filter(({ type }) => type.startsWith('GAP_')).every(({ fields, changed }) => Object.keys(fields).length === 0 && changed.length === 0), 'a header alone');
  const last = new Map(gaps.events.flatMap((event) => event.ids.map((id) => [id, event])));
  const untouched = [...gaps.truth].filter(([id, { fields }]) => last.get(id)!.type === 'GAP_UPDATE' && fields.get('LastModifiedDate') !== new Date(last.get(id)!.stamp).toISOString());
  const touched = [...gaps.truth].filter(([id, { fields }]) => last.get(id)!.type === 'GAP_UPDATE' && fields.get('LastModifiedDate') === new Date(last.get(id)!.stamp).toISOString());
  t.ok(untouched.length > 3 && touched.length > 3, `${untouched.length} without, ${touched.length} with a date`);

  const masses = run({ ...small, life: { overflow: { share: 0.05, size: 60, threshold: 40 } } });
  const overflows = masses.events.filter(({ type }) => type === 'GAP_OVERFLOW');
  t.ok(overflows.length > 3);
  t.ok(overflows.every(({ ids }) => ids.length === 1 && ids[0] === OVERFLOW_ID));
  const { key } = overflows[0]!;
  t.ok(masses.events.filter((event) => event.key === key).length < 45);
  t.ok(masses.org.unannounced.length > 20);

  const fields = run({ ...small, life: { fieldConversions: 0.03 } });
  const wildcards = fields.events.filter(({ ids }) => ids[0]?.endsWith('*'));
  t.ok(wildcards.length > 3);
  t.match(wildcards[0], { type: 'UPDATE', ids: [/^(001|003|006|00Q)\*$/], changed: [], fields: {} });
  t.end();
});

t.test('what is never told: silent loss, vanishing, formulas; and who did it', (t) => {
  const silent = run({ ...small, life: { silentLoss: 50 } });
  t.ok(silent.org.unannounced.length > 30 && silent.org.unannounced.length < 90, `${silent.org.unannounced.length} of 2,700`);
  const vanished = run({ ...small, life: { vanishings: 0.02 } });
  t.ok(vanished.org.unannounced.length > 5);
  for (const { recordId } of vanished.org.unannounced) {
    t.match(vanished.truth.get(recordId), { lifecycle: 'deleted', purged: true });
    t.not(vanished.events.findLast(({ type, ids }) => type !== 'UPDATE' && ids.includes(recordId))!.type, 'DELETE');
  }
  const computed = run({ ...small, life: { formulas: true } });
  t.ok(computed.events.some(({ type, fields }) => type === 'CREATE' && fields['Tier__c'] !== undefined));
  t.ok(computed.events.some(({ type, fields, changed }) => type === 'UPDATE' && fields['Tier__c'] !== undefined && !changed.includes('Tier__c')), 'beside an update');
  t.ok([...computed.truth.values()].every(({ fields }) => !fields.has('Tier__c')), 'no part of what the record holds');
  t.ok([...computed.truth.values()].some(({ formulas }) => formulas?.has('Account_Tier__c')));
  const own = run({ ...small, life: { own: { client: 'Clientele', share: 0.3 } } });
  const ours = own.events.filter(({ origin }) => origin.endsWith(';client=Clientele'));
  t.ok(ours.length > 300 && ours.every(({ user }) => user === own.org.integrationUser));
  const jumped = run({ ...small, life: { generationJump: 0.5 } }).events;
  t.ok(jumped[0]!.commitNumber < 10n ** 14n && jumped.at(-1)!.commitNumber > 10n ** 18n);
  t.ok(jumped.every(({ commitNumber }, at) => at === 0 || commitNumber >= jumped[at - 1]!.commitNumber));
  t.end();
});

t.test('person accounts change twice', (t) => {
  const { events, truth } = run({ ...small, life: { personAccounts: 1 } });
  const persons = [...truth.values()].filter(({ fields }) => fields.get('IsPersonAccount') === true && fields.has('PersonContactId'));
  t.ok(persons.length > 20);
  for (const { externalId, fields, lifecycle } of persons) {
    const contact = truth.get(textOf(fields.get('PersonContactId')))!;
    t.strictSame([contact.lifecycle, contact.fields.get('Name.LastName'), contact.fields.get('Email'), contact.fields.get('Loyalty__c')],
      [lifecycle, fields.get('Name.LastName'), fields.get('PersonEmail'), fields.get('Loyalty__pc')]);
    const count = (id: string) => events.filter(({ ids, type }) => type === 'UPDATE' && ids.includes(id)).length;
    t.equal(count(externalId), count(contact.externalId));
  }
  t.end();
});

t.test('two orgs with the same ids and other lives', (t) => {
  const [one, two] = ['production', 'sandbox'].map((seed) => run({ ...small, seed, sharedIds: 'acme' })) as [ReturnType<typeof run>, ReturnType<typeof run>];
  t.not(one.org.id, two.org.id);
  const shared = [...one.truth.keys()].filter((id) => two.truth.has(id));
  t.ok(shared.length > 150, `${shared.length} ids in both`);
  t.ok(shared.filter((id) => one.truth.get(id)!.fields.get('Name') !== two.truth.get(id)!.fields.get('Name')).length > 50);
  t.end();
});

t.test('each disturbance of the feed does what it says and tells of it', (t) => {
  const plain = run(small).events;
  const disturbed = (feed: FeedOptions) => {
    const told = new Map<Disturbance, number>();
    const { events } = run(small, { ...feed, tell: (what) => { told.set(what, (told.get(what) ?? 0) + 1); } });
    return { events, told };
  };
  const gaps = disturbed({ gaps: 0.1 });
  t.equal(gaps.events.length, plain.length);
  t.equal(gaps.events.filter(({ type }) => type.startsWith('GAP_')).length, gaps.told.get('gap'));
  t.ok(gaps.events.every(({ clock, ids }, at) => clock === plain[at]!.clock && ids[0] === plain[at]!.ids[0]), 'in their places');
  const lost = disturbed({ lossWithGap: 0.1 });
  const hidden = plain.filter(({ key, ids }) => !lost.events.some((event) => event.key === key && event.ids.includes(ids[0]!)));
  t.equal(hidden.length, lost.told.get('loss_with_gap'));
  for (const { ids, stamp, type } of hidden) t.ok(lost.events.some((event) => event.type === `GAP_${type}` && event.stamp === stamp && event.ids.includes(ids[0]!)), `a gap tells of ${type}`);
  const dropped = disturbed({ drop: 0.05 });
  t.equal(dropped.events.length, plain.length - dropped.told.get('drop')!);
  t.ok(dropped.told.get('drop')! > 50);
  const late = disturbed({ delay: { share: 0.05, by: 50 } });
  t.strictSame(late.events.map(({ clock }) => clock).sort(), plain.map(({ clock }) => clock).sort());
  t.ok(late.told.get('delay')! > 50);
  const split = disturbed({ merge: true, enriched: { Account: ['Phone'], Contact: ['Email'], Lead: ['Email'], Opportunity: ['NextStep'] } });
  t.ok(split.told.get('merge')! > 50 && split.told.get('split')! > 20, `${split.told.get('split')} split`);
  const pieces = split.events.filter(({ clock }, at) => clock === split.events[at + 1]?.clock);
  t.ok(pieces.length > 20, 'pieces share their position');
  t.ok(split.events.some(({ entity, type, fields }) => entity === 'Account' && type === 'DELETE' && fields['Phone'] !== undefined));
  t.end();
});

t.test('large texts: the documented form and thresholds', (t) => {
  const lines = Array.from({ length: 12 }, (_, n) => `${n + 1} ${'Text — naïve, with “quotes”. '.repeat(5)}`);
  lines[1] = 'Business applications are moving to the cloud.';
  lines[6] = 'Always dig deeper when evaluating cloud offerings.';
  const base = lines.join('\r\n');
  const next = lines.with(1, 'Business apps are moving to the cloud.').with(6, `${lines[6]} And keep in mind that …`).join('\r\n');
  const diff = textDiff(base, next)!;
  t.equal(diff, [
    '--- ', `+++ ${createHash('sha256').update(next).digest('hex')}`, '@@ -2,1 +2,1 @@', `-${lines[1]}`, '+Business apps are moving to the cloud.',
    '@@ -7,1 +7,1 @@', `-${lines[6]}`, `+${lines[6]} And keep in mind that …`,
  ].join('\n'), 'headers, hunks and newlines as in the published sample');
  t.equal(patched(base, diff), next);
  t.equal(patched(base.replace('dig', 'dug'), diff), null);
  const grown = lines.toSpliced(3, 0, 'one', 'two').join('\r\n');
  t.match(textDiff(base, grown), /\n@@ -4,0 \+4,2 @@\n\+one\n\+two$/);
  t.equal(patched(base, textDiff(base, grown)!), grown);
  const shrunk = lines.toSpliced(3, 2).join('\r\n');
  t.match(textDiff(base, shrunk), /\n@@ -4,2 \+4,0 @@\n-4 /);
  t.equal(patched(base, textDiff(base, shrunk)!), shrunk);
  t.equal(textDiff('a'.repeat(900), 'a'.repeat(999)), null, 'short');
  t.equal(textDiff(base, `${base}${base}`), null, 'more than half longer');
  t.equal(textDiff(base, lines.map((line, n) => (n < 4 ? `${line}!` : line)).join('\r\n')), null, 'more than a quarter of the lines');
  t.equal(textDiff('x'.repeat(2000), 'y'.repeat(2000)), null, 'one long line');
  t.equal(textDiff(base, base), null);
  t.end();
});
