import { enriched as enrichedDrafts } from './enrichment.ts';
import { draftsOf, gapsInPlace, lossesWithGaps } from './lost-events.ts';
import type { Disturbance, FeedOptions } from './options.ts';
import type { SalesforceOrg } from './org.ts';
import { Random } from './random.ts';
import { underNewId, writeEvent, type EventDraft, type RelayEvent } from './relay-event.ts';

/** A repeat comes after this many others, at the latest. */
const REPEATED_WITHIN = 200;
const DELAYED_BY = 300;

/**
 * The org's changes as they leave the relay: every one at least once, save what `drop` loses. Walks through the org's history as it goes, so
 * that a feed of any length needs the memory of its windows alone.
 */
export function* relayFeed(org: SalesforceOrg, options: FeedOptions = {}): Generator<RelayEvent> {
  const { merge = false, reorder = 0, repeat = 0, gaps = 0, lossWithGap = 0, delay, drop = 0, unheard = 0, enriched, tell = () => {} } = options;
  // Each disturbance draws from numbers of its own, so that none changes what another does.
  const draw = (what: string): Random => new Random(`${what} ${org.id}`);
  const told = (what: Disturbance) => (): void => tell(what);
  const transactions = lossesWithGaps(org.transactions(), draw('loss'), lossWithGap, told('loss_with_gap'));
  const random = draw('emit');
  const drafts = gapsInPlace(drafted(transactions, random, merge, told('merge')), draw('gaps'), gaps, told('gap'));
  const complete = enriched === undefined ? drafts : enrichedDrafts(drafts, org.records, enriched, told('split'));
  const sent = dropped(heard(relayed(complete, org, random), unheard), draw('drop'), drop, told('drop'));
  const held = delayed(sent, draw('delay'), delay?.share ?? 0, delay?.by ?? DELAYED_BY, told('delay'));
  yield* repeated(reordered(held, draw('reorder'), reorder, told('reorder')), draw('repeat'), repeat, told('repeat'));
}

function* drafted(transactions: Iterable<Parameters<typeof draftsOf>[0]>, random: Random, merge: boolean, merged: () => void): Generator<EventDraft> {
  for (const transaction of transactions) {
    for (const draft of draftsOf(transaction, random, merge)) {
      if (draft.group.length > 1) merged();
      yield draft;
    }
  }
}

function* relayed(drafts: Iterable<EventDraft>, org: SalesforceOrg, random: Random): Generator<RelayEvent> {
  for (const draft of drafts) {
    const event = writeEvent(draft, org.id, random);
    org.relay.lastRelayedEventAt = org.clock.now();
    yield event;
  }
}

function* heard(events: Iterable<RelayEvent>, unheard: number): Generator<RelayEvent> {
  let passed = 0;
  for (const event of events) {
    if (passed >= unheard) yield event;
    passed += 1;
  }
}

function* dropped(events: Iterable<RelayEvent>, random: Random, share: number, told: () => void): Generator<RelayEvent> {
  for (const event of events) {
    if (random.chance(share)) told();
    else yield event;
  }
}

function* delayed(events: Iterable<RelayEvent>, random: Random, share: number, by: number, told: () => void): Generator<RelayEvent> {
  const due: { readonly at: number; readonly event: RelayEvent }[] = [];
  let passed = 0;
  for (const event of events) {
    passed += 1;
    if (random.chance(share)) {
      told();
      due.push({ at: passed + random.integer(1, by), event });
    } else yield event;
    for (let at = due.findIndex((held) => held.at <= passed); at >= 0; at = due.findIndex((held) => held.at <= passed)) {
      yield* due.splice(at, 1).map((held) => held.event);
    }
  }
  yield* due.map((held) => held.event);
}

function* reordered(events: Iterable<RelayEvent>, random: Random, window: number, told: () => void): Generator<RelayEvent> {
  const held: RelayEvent[] = [];
  const draw = (): RelayEvent[] => {
    const place = random.integer(0, held.length - 1);
    if (place > 0) told();
    return held.splice(place, 1);
  };
  for (const event of events) {
    held.push(event);
    if (held.length > window) yield* draw();
  }
  while (held.length > 0) yield* draw();
}

function* repeated(events: Iterable<RelayEvent>, random: Random, share: number, told: () => void): Generator<RelayEvent> {
  const due: { readonly at: number; readonly event: RelayEvent }[] = [];
  let sent = 0;
  for (const event of events) {
    yield event;
    sent += 1;
    if (random.chance(share)) {
      told();
      due.push({ at: sent + random.integer(1, REPEATED_WITHIN), event: random.chance(0.5) ? event : underNewId(event, random) });
    }
    for (let at = due.findIndex((repeat) => repeat.at <= sent); at >= 0; at = due.findIndex((repeat) => repeat.at <= sent)) {
      yield* due.splice(at, 1).map((repeat) => repeat.event);
    }
  }
  yield* due.map((repeat) => repeat.event);
}
