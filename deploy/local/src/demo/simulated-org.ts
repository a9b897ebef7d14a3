import { ApiDestination, relayFeed, SalesforceOrg, startSalesforce, type DestinationCounts, type RelayEvent, type SalesforceServer, type TrueRecord } from '@clientele/testing';
import type { DemoOrg } from '../start/demo-orgs.ts';
import type { RunningSystem } from '../start/running-system.ts';
import { keyOf } from './compare.ts';
import { DemoError } from './demo-error.ts';
import type { DemoOptions } from './options.ts';

/** Share of the org's life that is over before anybody listens to its feed: only a load tells of it. */
const PAST = 0.15;
/** What else the feed does where the org has a life. */
const FEED = { gaps: 0.02, lossWithGap: 0.02, delay: { share: 0.02 }, enriched: { Account: ['Name', 'Status__c'], Opportunity: ['StageName'] } } as const;
const HABITS = {
  latencyMs: [20, 150], nullsInCollections: 0.05,
  mishaps: { unauthorized: 0.01, rate_limited: 0.02, server_error: 0.02, unavailable: 0.02, cut: 0.01, truncated: 0.01 },
} as const;

export interface SimulatedOrgParts {
  readonly options: DemoOptions;
  readonly system: RunningSystem;
  /** Where the system expects the org's REST API; null: it knows of none. */
  readonly place: DemoOrg | null;
  readonly signal: AbortSignal;
}

/** An org at work: its people, its feed, and its REST API where the system can read it. */
export class SimulatedOrg {
  readonly org: SalesforceOrg;
  /** Null where nobody could ask it anything. */
  readonly server: SalesforceServer | null;
  /** Changes in the events that were accepted. */
  changes = 0;
  readonly #feed: Iterator<RelayEvent, void>;
  readonly #destination: ApiDestination;
  /** Statuses of the events that were given up, with how many there were. */
  readonly #refusals = new Map<number | string, number>();
  /** Taken off the feed, and still to be sent. */
  #first: readonly RelayEvent[] = [];
  #forgotten: ReadonlySet<string> = new Set();

  private constructor({ options, system, signal }: SimulatedOrgParts, org: SalesforceOrg, server: SalesforceServer | null) {
    this.org = org;
    this.server = server;
    const unheard = Math.floor((options.records + options.changes) * PAST);
    this.#feed = relayFeed(org, server === null ? options : { ...options, ...FEED, unheard });
    this.#destination = new ApiDestination({
      url: `${system.addresses.ingest}/events/salesforce/`, apiKey: { value: system.keys.ingest }, ratePerSecond: options.rate / options.orgs, signal,
    });
  }

  /** @throws DemoError where its REST API cannot have its port. */
  static async start(parts: SimulatedOrgParts): Promise<SimulatedOrg> {
    const { options: { seed, records, changes, orgs, life }, place } = parts;
    const shared = orgs > 1 ? { sharedIds: seed } : {};
    if (place === null || life === null) return new SimulatedOrg(parts, new SalesforceOrg({ seed, records, changes, ...shared }), null);
    const org = new SalesforceOrg({ seed: `${seed}/${place.id}`, id: place.id, records, changes, life, clock: 'live', ...shared });
    const { clientId: id, clientSecret: secret, port } = place;
    const server = await startSalesforce({ org, port, client: { id, secret }, habits: HABITS }).catch((cause: unknown) => {
      throw new DemoError(`the org ${place.id} cannot answer on port ${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
        'is another demo running? If another program has the port: npm start -- --fresh draws a new one', { cause });
    });
    return new SimulatedOrg(parts, org, server);
  }

  get source(): string {
    return this.org.source;
  }

  get counts(): DestinationCounts {
    return this.#destination.counts;
  }

  /** Keys of records that were deleted before anybody told of them. */
  get forgotten(): ReadonlySet<string> {
    return this.#forgotten;
  }

  truth(): TrueRecord[] {
    return this.org.truth();
  }

  /** Lets the org live up to the first event that anybody hears of. */
  past(): void {
    const { value } = this.#feed.next();
    this.#first = value === undefined ? [] : [value];
    this.#forgotten = new Set(this.truth().filter(({ lifecycle }) => lifecycle === 'deleted').map(keyOf));
  }

  /** Sends all that is left of the feed. @throws DemoError where ingest refuses some of it for good. */
  async send(): Promise<void> {
    await this.#destination.deliverAll(this.#events(), ({ records }, { delivered, last }) => {
      if (delivered) this.changes += records;
      else this.#refusals.set(last, (this.#refusals.get(last) ?? 0) + 1);
    });
    if (this.#refusals.size === 0) return;
    const refusals = Array.from(this.#refusals, ([status, times]) => `${times} with ${status}`).join(', ');
    throw new DemoError(`ingest refused ${this.counts.dropped} events for good: ${refusals}`, 'see the log of the ingest service');
  }

  *#events(): Generator<RelayEvent> {
    yield* this.#first;
    yield* { [Symbol.iterator]: () => this.#feed };
  }

  /** Calls that were answered, or not. */
  get calls(): number {
    return this.server === null ? 0 : Array.from(this.server.counts.kinds.values()).reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }
}
