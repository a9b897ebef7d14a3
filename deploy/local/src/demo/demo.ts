import { setTimeout as delay } from 'node:timers/promises';
import { ApiDestination, relayFeed, SalesforceOrg } from '@clientele/testing';
import type { RunningSystem } from '../start/running-system.ts';
import { compareRecords, type Difference } from './compare.ts';
import { DemoError } from './demo-error.ts';
import type { DemoOptions } from './options.ts';
import { QueryClient, type AccountingView } from './query-client.ts';
import { Standstill } from './standstill.ts';
import { SummaryLine, type Summary } from './summary-line.ts';

/** Under which list the default mapping shows an entity. */
const LISTS = ['clients', 'contacts', 'opportunities', 'leads'];
const SHOWN_EVERY_MS = 250;
const STANDSTILL_MS = 60_000;

/** One run: send, wait, compare. */
export class Demo {
  readonly #org: SalesforceOrg;
  readonly #options: DemoOptions;
  readonly #destination: ApiDestination;
  readonly #query: QueryClient;
  readonly #signal: AbortSignal;
  /** Ends what is still under way when the first part of the run has failed. */
  readonly #over = new AbortController();
  readonly #line: SummaryLine;
  #changes = 0;
  #before = 0;
  #accounting: AccountingView | null = null;
  /** Statuses of the events that were given up, with how many there were. */
  readonly #refusals = new Map<number | string, number>();

  constructor(options: DemoOptions, system: RunningSystem, out: NodeJS.WriteStream, signal: AbortSignal) {
    this.#options = options;
    this.#org = new SalesforceOrg(options);
    this.#destination = new ApiDestination({
      url: `${system.addresses.ingest}/events/salesforce/`, apiKey: { value: system.keys.ingest }, ratePerSecond: options.rate,
      signal: AbortSignal.any([signal, this.#over.signal]),
    });
    this.#query = new QueryClient(system.addresses.query, system.keys.query);
    this.#signal = signal;
    this.#line = new SummaryLine(out);
  }

  get source(): string {
    return this.#org.source;
  }

  /** @returns the differences between the org and the query service. @throws DemoError where the system does not get that far. */
  async run(): Promise<{ records: number; differences: Difference[] }> {
    await this.#query.greet();
    this.#before = (await this.#query.accounting(this.source)).accepted;
    const sent = new AbortController();
    try {
      await Promise.all([this.#send().finally(() => { sent.abort(); }), this.#show(sent.signal)]);
      const truth = this.#org.truth();
      return { records: truth.length, differences: await this.#compareWhenSettled(truth) };
    } finally {
      this.#over.abort();
      this.#line.close();
    }
  }

  async #send(): Promise<void> {
    const events = relayFeed(this.#org, this.#options);
    await this.#destination.deliverAll(events, ({ records }, { delivered, last }) => {
      if (delivered) this.#changes += records;
      else this.#refusals.set(last, (this.#refusals.get(last) ?? 0) + 1);
    });
    if (this.#signal.aborted) throw new DemoError('stopped', 'run it again: the same seed sends the same changes');
    if (this.#refusals.size === 0) return;
    const refusals = Array.from(this.#refusals, ([status, times]) => `${times} with ${status}`).join(', ');
    throw new DemoError(`ingest refused ${this.#destination.counts.dropped} events for good: ${refusals}`, 'see the log of the ingest service');
  }

  /** What was compared while late changes still came in is compared again. */
  async #compareWhenSettled(truth: ReturnType<SalesforceOrg['truth']>): Promise<Difference[]> {
    for (;;) {
      const { position } = await this.#settled();
      const lists = await Promise.all(LISTS.map(async (list) => await this.#query.records(list, this.source, position)));
      const differences = compareRecords(truth, lists.flat());
      if (differences.length === 0 || (await this.#query.accounting(this.source)).position === position) return differences;
    }
  }

  /** Everything that was accepted is processed, and nothing is missing. @throws DemoError when nothing moves any more before that. */
  async #settled(): Promise<AccountingView> {
    const standstill = new Standstill(STANDSTILL_MS);
    for (;;) {
      const seen = await this.#query.accounting(this.source);
      this.#accounting = seen;
      if (seen.unaccounted === 0 && seen.inFlight === 0 && this.#summary().processed >= this.#changes) {
        this.#line.end(this.#summary());
        return seen;
      }
      this.#line.show(this.#summary());
      if (this.#signal.aborted) throw new DemoError('stopped', 'run it again: the same seed sends the same changes');
      if (standstill.reached(JSON.stringify(seen))) {
        throw new DemoError(`nothing has moved for ${STANDSTILL_MS / 1000} s; last seen: ${JSON.stringify({ changes: this.#changes, ...seen })}`,
          'see the logs of the command service and the projector, and GET /accounting of the query service');
      }
      await delay(SHOWN_EVERY_MS);
    }
  }

  /** Keeps the line up to date while events are sent. @throws DemoError where they never will be: EventBridge would try for a day. */
  async #show(until: AbortSignal): Promise<void> {
    const standstill = new Standstill(STANDSTILL_MS);
    for (; !until.aborted; await delay(SHOWN_EVERY_MS)) {
      const { accepted, lastFailure } = this.#destination.counts;
      if (standstill.reached(accepted)) {
        throw new DemoError(`the ingest service has taken nothing for ${STANDSTILL_MS / 1000} s; its last refusal: ${lastFailure}`, 'see its log');
      }
      if (accepted === 0 && lastFailure === 401) throw new DemoError('the ingest service refuses the key', 'set INGEST_API_KEYS as the service has it');
      this.#accounting = await this.#query.accounting(this.source);
      this.#line.show(this.#summary());
    }
  }

  #summary(): Summary {
    const processed = this.#accounting === null ? 0 : this.#accounting.accepted - this.#before;
    return { ...this.#destination.counts, changes: this.#changes, processed, accounting: this.#accounting };
  }
}
