import type { FeedOptions } from './options.ts';
import type { SalesforceOrg } from './org.ts';
import { Random } from './random.ts';
import { relayEvents, underNewId, type RelayEvent } from './relay-event.ts';

/** A repeat comes after this many others, at the latest. */
const REPEATED_WITHIN = 200;

/**
 * The org's changes as they leave the relay: every one at least once. Walks through the org's history as it goes, so that a feed of any
 * length needs the memory of its windows alone.
 */
export function* relayFeed(org: SalesforceOrg, { merge = false, reorder = 0, repeat = 0 }: FeedOptions = {}): Generator<RelayEvent> {
  // Each disturbance draws from numbers of its own, so that none changes what another does.
  const draw = (what: string): Random => new Random(`${what} ${org.id}`);
  yield* repeated(reordered(emitted(org, draw('emit'), merge), draw('reorder'), reorder), draw('repeat'), repeat);
}

function* emitted(org: SalesforceOrg, random: Random, merge: boolean): Generator<RelayEvent> {
  for (const transaction of org.transactions()) yield* relayEvents(transaction, org.id, random, merge);
}

function* reordered(events: Iterable<RelayEvent>, random: Random, window: number): Generator<RelayEvent> {
  const held: RelayEvent[] = [];
  for (const event of events) {
    held.push(event);
    if (held.length > window) yield* held.splice(random.integer(0, held.length - 1), 1);
  }
  while (held.length > 0) yield* held.splice(random.integer(0, held.length - 1), 1);
}

function* repeated(events: Iterable<RelayEvent>, random: Random, share: number): Generator<RelayEvent> {
  const due: { readonly at: number; readonly event: RelayEvent }[] = [];
  let sent = 0;
  for (const event of events) {
    yield event;
    sent += 1;
    if (random.chance(share)) due.push({ at: sent + random.integer(1, REPEATED_WITHIN), event: random.chance(0.5) ? event : underNewId(event, random) });
    for (let at = due.findIndex((repeat) => repeat.at <= sent); at >= 0; at = due.findIndex((repeat) => repeat.at <= sent)) {
      yield* due.splice(at, 1).map((repeat) => repeat.event);
    }
  }
  yield* due.map((repeat) => repeat.event);
}
