import { setTimeout as delay } from 'node:timers/promises';
import type { RunningSystem } from '../start/running-system.ts';
import { CommandClient } from './command-client.ts';
import { isForComparisonAlone } from './compare.ts';
import { DemoError } from './demo-error.ts';
import type { DemoOptions } from './options.ts';
import { Outage } from './outage.ts';
import { QueryClient, type AccountingView } from './query-client.ts';
import { Served, type Comparison } from './served.ts';
import type { SimulatedOrg } from './simulated-org.ts';
import { Standstill } from './standstill.ts';
import { SummaryLine, type Summary } from './summary-line.ts';

const SHOWN_EVERY_MS = 250;
const UNHEARD_MS = 60_000;
/** Where a provider must come back first, nothing moves for half a minute and more at a time. */
const STANDSTILL_MS = { unread: 60_000, read: 180_000 };
/** What stays as it is for so long, while nothing is being read, is how it ends. */
const AT_REST_MS = 3_000;
/** Share of the changes that are sent before an outage, and for how many seconds at most. */
const BEFORE_OUTAGE = 0.15;
const BEFORE_OUTAGE_S = 5;

/** One run: load, send, wait, compare. */
export class Demo {
  /** Null where nobody asked for one, or nobody would notice. */
  readonly outage: Outage | null;
  /** Purged records whose end nothing told of, for which all records had to be compared. */
  readonly untold: string[] = [];
  readonly #orgs: readonly SimulatedOrg[];
  readonly #readable: readonly SimulatedOrg[];
  readonly #query: QueryClient;
  readonly #command: CommandClient;
  readonly #signal: AbortSignal;
  readonly #line: SummaryLine;
  readonly #before = new Map<string, number>();
  readonly #loads: string[] = [];
  #accounting: readonly AccountingView[] = [];

  constructor(orgs: readonly SimulatedOrg[], { changes, rate, providerDown }: DemoOptions, system: RunningSystem, out: NodeJS.WriteStream, signal: AbortSignal) {
    this.#orgs = orgs;
    this.#readable = orgs.filter(({ server }) => server !== null);
    this.#query = new QueryClient(system.addresses.query, system.keys.query);
    this.#command = new CommandClient(system.addresses.command, system.keys.admin);
    this.#signal = signal;
    this.#line = new SummaryLine(out);
    this.outage = providerDown > 0 && this.#readable.length > 0 ? new Outage(orgs, Math.min(changes * BEFORE_OUTAGE, rate * BEFORE_OUTAGE_S), providerDown, this.#command) : null;
  }

  /** @returns the differences between the orgs and the query service. @throws DemoError where the system does not get that far. */
  async run(): Promise<Comparison> {
    for (const { source } of this.#orgs) this.#before.set(source, (await this.#query.accounting(source)).accepted);
    const served = await Served.before(this.#orgs, this.#query);
    try {
      for (const org of this.#readable) {
        org.past();
        this.#loads.push(await this.#command.load(org.source));
      }
      await this.#send();
      return await this.#compareWhenSettled(served);
    } finally {
      this.#line.close();
      await this.#cancelPlans();
    }
  }

  /** What the loads at the beginning read, and how often they asked. */
  async loaded(): Promise<{ records: number; calls: number }> {
    const loads = await Promise.all(this.#loads.map(async (plan) => await this.#command.progress(plan)));
    return { records: loads.reduce((sum, { records }) => sum + records, 0), calls: loads.reduce((sum, { calls }) => sum + calls, 0) };
  }

  async #send(): Promise<void> {
    const sending = new AbortController();
    const sent = Promise.all(this.#orgs.map(async (org) => await org.send())).finally(() => { sending.abort(); });
    await Promise.all([sent, this.#show(sending.signal), this.outage?.run(sending.signal, this.#signal)]);
    this.#checkStopped();
  }

  /** Keeps the line up to date while events are sent. @throws DemoError where they never will be: EventBridge would try for a day. */
  async #show(until: AbortSignal): Promise<void> {
    const standstill = new Standstill(UNHEARD_MS);
    for (; !until.aborted; await delay(SHOWN_EVERY_MS)) {
      const { accepted, lastFailure } = this.#summary();
      if (standstill.reached(accepted)) {
        throw new DemoError(`the ingest service has taken nothing for ${UNHEARD_MS / 1000} s; its last refusal: ${lastFailure}`, 'see its log');
      }
      if (accepted === 0 && lastFailure === 401) throw new DemoError('the ingest service refuses the key', 'set INGEST_API_KEYS as the service has it');
      await this.#account();
      this.#line.show(this.#summary());
    }
  }

  /** Compares until nothing is being read any more, and nothing that differs moves. */
  async #compareWhenSettled(served: Served): Promise<Comparison> {
    const longest = new Standstill(this.#readable.length > 0 ? STANDSTILL_MS.read : STANDSTILL_MS.unread);
    const rest = new Standstill(this.#readable.length > 0 ? AT_REST_MS : 0);
    for (;;) {
      const position = await this.#settled();
      const comparison = await served.compare(position);
      const { differences } = comparison;
      const seen = `${(await this.#position())} ${JSON.stringify(differences)}`;
      const [isAtRest, isStuck] = [rest.reached(seen), longest.reached(seen)];
      const isDoubted = differences.some(({ field }) => field === '(in doubt since)');
      if (isAtRest && this.untold.length === 0 && isForComparisonAlone(differences) && await this.#isIdle(true)) {
        this.untold.push(...new Set(differences.map(({ record }) => record)));
        for (const { source } of this.#readable) await this.#command.compareAll(source);
        continue;
      }
      if (isStuck || ((differences.length === 0 || (isAtRest && !isDoubted)) && await this.#isIdle(differences.length > 0))) {
        this.#line.end(this.#summary());
        return comparison;
      }
      await delay(SHOWN_EVERY_MS);
    }
  }

  /** @returns the position at which everything that was accepted is processed. @throws DemoError when nothing moves any more before that. */
  async #settled(): Promise<string> {
    const standstill = new Standstill(UNHEARD_MS);
    for (;;) {
      await this.#account();
      const summary = this.#summary();
      const { changes, processed, unaccounted, inFlight } = summary;
      this.#line.show(summary);
      if (unaccounted === 0 && inFlight === 0 && processed >= changes) return await this.#position();
      this.#checkStopped();
      if (standstill.reached(JSON.stringify(this.#accounting))) {
        throw new DemoError(`nothing has moved for ${UNHEARD_MS / 1000} s; last seen: ${JSON.stringify({ changes, ...this.#accounting })}`,
          'see the logs of the command service and the projector, and GET /accounting of the query service');
      }
      await delay(SHOWN_EVERY_MS);
    }
  }

  async #account(): Promise<void> {
    this.#accounting = await Promise.all(this.#orgs.map(async ({ source }) => await this.#query.accounting(source)));
  }

  async #position(): Promise<string> {
    await this.#account();
    return this.#accounting.at(-1)?.position ?? '0';
  }

  /**
   * Nothing is being read at length. What is only compared or counted is not waited for: records of earlier runs, which no org has any more, are
   * gone after by comparisons, which a jump of commit numbers begins, and have a load that has read everything count again and again. Where something
   * differs a comparison is waited for: see {@link isForComparisonAlone}.
   */
  async #isIdle(differs: boolean): Promise<boolean> {
    const running = await Promise.all(this.#readable.map(async ({ source }) => await this.#command.running(source)));
    return running.every((plans) => plans !== null && plans.every(({ kind, task }) => (kind === 'reconciliation' ? !differs : task.startsWith('held '))));
  }

  /** The orgs go with this process: nobody could go on with what is being read of them. */
  async #cancelPlans(): Promise<void> {
    await Promise.allSettled(this.#readable.map(async ({ source }) => {
      for (const { id } of await this.#command.running(source) ?? []) await this.#command.cancel(id);
    }));
  }

  #checkStopped(): void {
    if (this.#signal.aborted) throw new DemoError('stopped', 'run it again: the same seed does the same');
  }

  #summary(): Summary {
    const total = (of: (org: SimulatedOrg) => number): number => this.#orgs.reduce((sum, org) => sum + of(org), 0);
    const [view] = this.#accounting;
    const accepted = this.#accounting.reduce((sum, one) => sum + one.accepted, 0);
    const before = [...this.#before.values()].reduce((sum, one) => sum + one, 0);
    return {
      sent: total(({ counts }) => counts.sent), accepted: total(({ counts }) => counts.accepted), retried: total(({ counts }) => counts.retried),
      dropped: total(({ counts }) => counts.dropped), lastFailure: this.#orgs.map(({ counts }) => counts.lastFailure).find((failure) => failure !== null) ?? null,
      changes: total(({ changes }) => changes), processed: view === undefined ? 0 : accepted - before,
      inFlight: view?.inFlight ?? null, unaccounted: view?.unaccounted ?? null, calls: this.#readable.length === 0 ? null : total(({ calls }) => calls),
    };
  }
}
