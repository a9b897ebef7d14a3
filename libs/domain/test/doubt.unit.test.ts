import t from 'tap';
import {
  ClientDomainService, clockParts, clockTime, defaultContext, dirtySince, doubtOf, effectiveField, fieldWrites, initialRecord, MOST_DIFFS, MOST_GAPS, publicState,
  readMark, replay, sourceFields, survivorOf,
  type AggregateDefinition, type Change, type DecidingContext, type Decision, type RecordReading, type RecordState,
} from '../src/index.ts';
import { patch } from './support/model-org.ts';
import { at, client, create, differ, gapCreate, gapUndelete, gapUpdate, look, remove, undelete, update } from './support/records.ts';

const readable: DecidingContext = { ...defaultContext, readable: true, survivors: true, patch };

function decide(arrival: Change | RecordReading, state: RecordState, context = readable, definition: AggregateDefinition = client): Decision {
  return 'mark' in arrival
    ? ClientDomainService.processRecordRead(arrival, state, definition, context)
    : ClientDomainService.processCrmEvent(arrival, state, definition, context);
}

function after(...arrivals: readonly (Change | RecordReading)[]): RecordState {
  return arrivals.reduce((state, arrival) => decide(arrival, state).stateAfter, initialRecord);
}

/** The events of a decision in short: type, whether it is told, and why. */
function told({ events }: Decision): string[] {
  return events.map(({ event, broadcast, broadcastReason }) => `${event.type} ${broadcast ? 'told' : 'kept'}: ${broadcastReason}`);
}

t.test('a gap makes a record dirty, and its other changes go on', (t) => {
  const known = after(create(1, { Name: 'A' }));
  const gap = decide(gapUpdate(3), known);
  t.strictSame(told(gap), ['MarkedDirty kept: dirty']);
  t.strictSame(gap.reads, [{ reason: 'gap', since: at(3) }]);
  t.equal(dirtySince(gap.stateAfter), at(3));
  const next = decide(update(4, { Name: 'B' }), gap.stateAfter);
  t.strictSame(told(next), ['Updated kept: dirty']);
  t.strictSame(next.reads, [{ reason: 'gap', since: at(3) }], 'asked for again');
  t.strictSame(sourceFields(next.stateAfter), { Name: 'B' });
  const early = decide(look(3, { Name: 'B' }), next.stateAfter);
  t.ok(dirtySince(early.stateAfter), 'a look that may not have seen it does not clear it');
  const found = decide(look(5, { Name: 'B', Phone: '1' }), next.stateAfter);
  t.strictSame(told(found), ['Updated told: status_unknown', 'Cleaned kept: nothing_withheld']);
  t.match(found.events[0], { event: { changed: ['fields.Phone'], clock: look(5, {}).mark.order, state: { dirty_since: null, fields: { name: 'B', Phone: '1' } } } });
  t.strictSame(found.reads, []);
  t.strictSame(told(decide(gapUpdate(2), found.stateAfter)), [], 'what a look has seen is no gap');
  t.strictSame(told(decide(gapUpdate(3), gap.stateAfter)), [], 'nor is one that is known');
  t.end();
});

t.test('what was withheld is told when the doubt is over, though the look changes nothing', (t) => {
  const doubtful = after(create(1, { Name: 'A' }), gapUpdate(3), update(4, { Name: 'B' }));
  const cleaned = decide(look(6, { Name: 'B' }), doubtful);
  t.strictSame(told(cleaned), ['Updated kept: no_value_changed', 'Cleaned told: withheld_until_now']);
  t.match(cleaned.events[1], { event: { state: { dirty_since: null, fields: { name: 'B' } } } });
  t.notOk(cleaned.stateAfter.withheld);
  const silent = decide(look(6, { Name: 'B', Status: 'Draft' }), doubtful);
  t.strictSame(told(silent), ['Updated kept: status_silent', 'Withdrawn told: withdrawal', 'Cleaned kept: status_silent']);
  t.end();
});

t.test('a deletion is told while the record is dirty, and settles what came before', (t) => {
  const deleted = decide(remove(5), after(create(1, { Name: 'A' }), gapUpdate(3)));
  t.strictSame(told(deleted), ['Deleted told: deletion_of_public_record', 'Withdrawn told: withdrawal', 'Cleaned kept: nothing_withheld']);
  t.strictSame(deleted.reads, [{ reason: 'survivor', since: at(5) }]);
  t.strictSame(decide(remove(5), initialRecord).reads, [{ reason: 'survivor', since: at(5) }]);
  t.equal(dirtySince(after(remove(5))), null, 'a tombstone is never dirty');
  t.strictSame(decide(remove(5), initialRecord, { ...readable, survivors: false }).reads, []);
  const late = decide(update(6, { Name: 'B' }), deleted.stateAfter);
  t.strictSame(late.reads, [{ reason: 'after_deletion', since: at(6) }]);
  t.equal(dirtySince(decide(look(9, null), late.stateAfter).stateAfter), null, 'a look that says so again settles it');
  t.end();
});

t.test('where the source cannot be read nothing is withheld, and nothing asked for', (t) => {
  const gap = decide(gapCreate(1), initialRecord, defaultContext);
  t.strictSame(told(gap), ['Created told: status_unknown', 'MarkedDirty kept: dirty']);
  t.match(gap.events[0]?.event, { floor: false, state: { complete: false, dirty_since: '1970-01-01T00:00:01.000Z' } });
  t.strictSame(gap.reads, []);
  t.strictSame(told(decide(gapCreate(1), initialRecord)), ['Created kept: dirty', 'MarkedDirty kept: dirty']);
  t.end();
});

t.test('a missing create is read, and what was found begins what is told', (t) => {
  const first = decide(update(2, { Name: 'B' }), initialRecord);
  t.strictSame([told(first), first.reads], [['Updated kept: dirty', 'MarkedDirty kept: dirty'], [{ reason: 'missing_create', since: at(2) }]]);
  const found = decide(look(9, { Name: 'B', Phone: null }), first.stateAfter);
  t.strictSame(told(found), ['Updated told: status_unknown', 'Cleaned kept: nothing_withheld']);
  t.match(found.events[0]?.event, { changed: ['complete', 'fields.Phone'], state: { complete: true } });
  t.strictSame(told(decide(look(9, { Name: 'B' }), initialRecord)), ['Created told: status_unknown']);
  t.strictSame(told(decide(look(9, null), initialRecord)), ['Deleted kept: deletion_of_unannounced_record']);
  t.strictSame(told(decide(create(1, { Name: 'A' }), found.stateAfter)), ['Updated kept: no_value_changed'], 'the create that comes at last');
  t.end();
});

t.test('inside its window a look and a change that differ leave the change, and a doubt', (t) => {
  const mark = readMark({ from: '1970-01-01T00:00:10.000Z', until: '1970-01-01T00:00:12.000Z', number: 1, id: 'r' }, 2000);
  t.strictSame([mark.from, mark.until, clockTime(mark.order)], [8000, 14_999, '1970-01-01T00:00:12.000Z']);
  const reading = { ...look(12, { Name: 'A', Amount: 100 }), mark };
  const valueAfter = (change: Change): unknown => [effectiveField(after(change, reading), 'Name')?.value, doubtOf(after(change, reading))?.reason];
  t.strictSame(valueAfter(update(7, { Name: 'X' })), ['A', undefined], 'before it');
  t.strictSame(valueAfter(update(8, { Name: 'X' })), ['X', 'window'], 'in it');
  t.strictSame(valueAfter(update(14, { Name: 'X' })), ['X', 'window']);
  t.strictSame(valueAfter(update(15, { Name: 'X' })), ['X', undefined], 'after it');
  t.strictSame(valueAfter(update(9, { Name: 'A' })), ['A', undefined], 'no difference, no doubt');
  t.equal(doubtOf(after(update(9, { Amount: 100.0 }), reading)), null);
  t.strictSame(doubtOf(after(reading, create(9, { Name: 'A' }))), { since: at(9), reason: 'window', until: at(9) }, 'what a create does not have is a difference');
  t.equal(after(reading, remove(9)).lifecycle, 'deleted');
  t.equal(doubtOf(after(reading, remove(9)))?.reason, 'window');
  t.equal(after(reading, remove(7)).lifecycle, 'active', 'the look has seen the deletion, and the record');
  t.end();
});

t.test('the look that began later counts, whenever it was answered or came', (t) => {
  const slow = { ...look(20, { Name: 'slow' }), mark: { from: 5000, until: 21_000, order: look(20, {}).mark.order } };
  const quick = { ...look(12, { Name: 'quick' }), mark: { from: 10_000, until: 13_000, order: look(12, {}).mark.order } };
  t.strictSame(sourceFields(after(quick, slow)), { Name: 'quick' });
  t.strictSame(sourceFields(after(slow, quick)), { Name: 'quick' });
  t.strictSame(decide(slow, after(quick)).lost, fieldWrites({ Name: 'slow' }));
  t.equal(decide(quick, after(quick)).outcome, 'superseded');
  t.end();
});

t.test('a look covers the leaves that it asked for, and voids nothing else', (t) => {
  const known = after(create(1, { BillingAddress: { Street: 'a', City: 'b' }, Other: 'x' }), look(5, { BillingAddress: { Street: null } }));
  t.strictSame(sourceFields(known), { BillingAddress: { City: 'b', Street: null }, Other: 'x' });
  t.strictSame(sourceFields(after(look(5, { BillingAddress: { Street: 'a' } }), update(7, { BillingAddress: null }))), { BillingAddress: null });
  t.strictSame(sourceFields(after(look(5, { BillingAddress: { Street: 'a' } }), update(4, { BillingAddress: null }))), { BillingAddress: { Street: 'a' } });
  t.strictSame(sourceFields(after(look(5, { Name: 'a' }), undelete(7, { Phone: '1' }))), { Phone: '1' }, 'an undelete voids what a look found before');
  t.end();
});

t.test('a text difference finds its text, now or later, or waits in doubt', (t) => {
  const base = create(1, { Text: 'one' });
  t.match(decide(differ(2, 'Text', 'two|one\ntwo'), after(base)).events[0]?.event, { fields: [{ path: 'Text', value: 'one\ntwo' }] });
  const waiting = decide(differ(3, 'Text', 'three|one\ntwo\nthree', { Name: 'A' }), after(base));
  t.strictSame(told(waiting), ['Updated kept: dirty', 'MarkedDirty kept: dirty']);
  t.strictSame(waiting.reads, [{ reason: 'diff', since: at(3) }]);
  const settled = decide(differ(2, 'Text', 'two|one\ntwo'), waiting.stateAfter);
  t.strictSame(settled.events.map(({ event }) => [event.type, clockParts(event.clock).changeId]), [['Updated', 'c2'], ['Updated', 'c3'], ['Cleaned', 'c2']]);
  t.strictSame(sourceFields(settled.stateAfter), { Name: 'A', Text: 'one\ntwo\nthree' });
  t.equal(settled.stateAfter.diffs.length, 0);
  t.strictSame(told(settled), ['Updated told: status_unknown', 'Updated told: status_unknown', 'Cleaned kept: nothing_withheld']);
  const read = decide(look(9, { Text: 'whatever' }), waiting.stateAfter);
  t.strictSame([sourceFields(read.stateAfter), read.stateAfter.diffs], [{ Name: 'A', Text: 'whatever' }, []], 'a look makes it void');
  t.equal(after(look(5, { Text: 'a' }), differ(9, 'Text', 'b|a\nb')).diffs.length, 0, 'what a look found is a text as well');
  t.strictSame(decide(differ(2, 'Text', 'x|y'), after(base, update(4, { Text: 'later' }))).lost, [{ path: 'Text.diff', value: 'x|y' }]);
  t.end();
});

t.test('no record remembers without bound', (t) => {
  const many = Array.from({ length: 20 }, (_, n) => n + 2);
  t.strictSame(after(create(1), ...many.map(gapUpdate)).gaps, many.slice(-MOST_GAPS).map(at));
  t.strictSame(after(create(1), ...many.toReversed().map(gapUpdate)).gaps, many.slice(-MOST_GAPS).map(at), 'whatever came first');
  t.equal(after(create(1), ...many.toReversed().map((n) => differ(n, 'Text', 'x|y'))).diffs.length, MOST_DIFFS);
  t.end();
});

t.test('a merged record tells of its survivor until it lives again', (t) => {
  const survivor = { entity: 'Account', externalId: '2' };
  const merged = decide(look(9, null, survivor), after(create(1, { Name: 'A' }), remove(5)));
  t.strictSame(told(merged), ['Updated kept: no_value_changed', 'Merged told: merge']);
  t.strictSame(survivorOf(merged.stateAfter), survivor);
  for (const later of [undelete(12, { Name: 'A' }), gapUndelete(12), look(12, { Name: 'A' })]) t.equal(survivorOf(decide(later, merged.stateAfter).stateAfter), null);
  t.equal(survivorOf(after(remove(5), look(9, null, survivor), undelete(12), remove(14))), null, 'of another deletion nothing is known');
  t.end();
});

t.test('a conversion is told once, when its flag first holds', (t) => {
  const lead: AggregateDefinition = {
    ...client, type: 'lead', references: { ToAccount: 'Account', ToContact: 'Contact' }, conversion: { flag: 'IsConverted', into: ['ToAccount', 'ToContact', 'ToDeal'] },
  };
  const known = decide(create(1, { Name: 'A', IsConverted: false }), initialRecord, readable, lead).stateAfter;
  const converted = decide(update(2, { IsConverted: true, ToAccount: '001', ToContact: null, ToDeal: '006' }), known, readable, lead);
  t.strictSame(told(converted), ['Updated told: status_unknown', 'Converted told: conversion']);
  t.match(converted.events[1]?.event, { into: [{ field: 'ToAccount', entity: 'Account', externalId: '001' }] });
  t.strictSame(told(decide(update(3, { Name: 'B' }), converted.stateAfter, readable, lead)), ['Updated told: status_unknown']);
  t.end();
});

t.test('our own changes are applied, and told only if so configured', (t) => {
  const own: DecidingContext = { ...readable, own: true, broadcastOwn: false };
  const known = after(create(1, { Status: 'Active' }));
  t.strictSame(told(decide(update(2, { Name: 'B' }), known, own)), ['Updated kept: own_change']);
  t.strictSame(told(decide(update(2, { Name: 'B' }), known, { ...own, broadcastOwn: true })), ['Updated told: status_public']);
  t.strictSame(told(decide(remove(2), known, own)), ['Deleted kept: own_change', 'Withdrawn told: withdrawal'], 'nobody keeps what is gone');
  t.end();
});

t.test('what is decided can be replayed, and what is stored keeps its order', (t) => {
  const story = [update(2, { Name: 'B' }), gapUpdate(3), differ(5, 'Text', 'x|y'), look(9, { Name: 'C', Text: 'z' }), remove(10), look(14, null, { entity: 'Account', externalId: '2' })];
  const { events, state } = story.reduce<{ events: Decision['events']; state: RecordState }>(({ events, state }, arrival) => {
    const decision = decide(arrival, state);
    return { events: [...events, ...decision.events], state: decision.stateAfter };
  }, { events: [], state: initialRecord });
  t.strictSame(replay(events.map(({ event }) => event)), state);
  const code = (event: Parameters<typeof ClientDomainService.validateEventSequence>[0]): unknown => ClientDomainService.validateEventSequence(event, state).map((finding) => finding.code);
  t.strictSame(code({ type: 'MarkedDirty', clock: at(20), since: at(20), reason: 'gap', gap: false }), ['dirty_without_doubt']);
  t.strictSame(code({ type: 'MarkedDirty', clock: at(20), since: at(20), reason: 'gap', gap: true }), []);
  t.strictSame(code({ type: 'Merged', clock: at(20), survivor: { entity: 'A', externalId: '3', mark: look(20, null).mark } }), ['merged_unseen']);
  t.strictSame(code({ type: 'Updated', clock: at(4), fields: fieldWrites({ Name: 'X' }), lost: [], floor: false, lifecycle: null, changed: [], state: null }), ['clock_not_later']);
  const dirty = after(create(1), gapUpdate(3));
  t.strictSame(ClientDomainService.validateEventSequence({ type: 'Cleaned', clock: at(20), state: null }, dirty).map((finding) => finding.code), ['cleaned_in_doubt']);
  t.match(publicState(dirty, client), { dirty_since: '1970-01-01T00:00:03.000Z' });
  t.end();
});
