import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { CommandClient, WantedReads } from './command-client.ts';
import type { SimulatedOrg } from './simulated-org.ts';

/** How long changes took from their receipt until they were decided, in milliseconds. */
export interface Delays {
  readonly changes: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** What the outage left to do. */
export interface Backlog {
  /** Records that were to be read when the orgs answered again. */
  readonly waited: number;
  /** How long until none of them was, in milliseconds; null: longer than anybody waited for it. */
  readonly readAfterMs: number | null;
}

const LOOK_MS = 200;
const READ_WITHIN_MS = 180_000;
const ASK_MS = 30_000;

/** Some seconds in which nobody answers at the orgs' REST APIs. */
export class Outage {
  readonly #orgs: readonly SimulatedOrg[];
  readonly #afterChanges: number;
  readonly #seconds: number;
  readonly #command: Pick<CommandClient, 'wantedReads'>;
  #backlog: Backlog = { waited: 0, readAfterMs: null };
  readonly #begun = new Date();
  #from = new Date(0);
  #until = new Date(0);

  /** @param afterChanges so many are sent before it. */
  constructor(orgs: readonly SimulatedOrg[], afterChanges: number, seconds: number, command: Pick<CommandClient, 'wantedReads'>) {
    this.#orgs = orgs;
    this.#afterChanges = afterChanges;
    this.#seconds = seconds;
    this.#command = command;
  }

  /** @param sending aborts when nothing more is sent; @param stopped ends it at once. */
  async run(sending: AbortSignal, stopped: AbortSignal): Promise<void> {
    while (!sending.aborted && this.#orgs.reduce((sum, { changes }) => sum + changes, 0) < this.#afterChanges) await delay(LOOK_MS);
    this.#from = new Date();
    this.#turn(true);
    await delay(this.#seconds * 1000, undefined, { signal: stopped }).catch(() => undefined); // aborted: it is over
    const waited = (await this.#wanted())?.count ?? 0;
    this.#turn(false);
    this.#until = new Date();
    this.#backlog = { waited, readAfterMs: await this.#untilRead(stopped) };
  }

  get backlog(): Backlog {
    return this.#backlog;
  }

  /** Those that were asked for since do not count: the orgs go on. */
  async #untilRead(stopped: AbortSignal): Promise<number | null> {
    const since = this.#until.getTime();
    while (!stopped.aborted && Date.now() - since < READ_WITHIN_MS) {
      const wanted = await this.#wanted();
      if (wanted !== null && (wanted.dueAt === null || wanted.dueAt > since)) return Date.now() - since;
      await delay(LOOK_MS);
    }
    return null;
  }

  /** Of all orgs. */
  async #wanted(): Promise<WantedReads | null> {
    const all = await Promise.all(this.#orgs.filter(({ server }) => server !== null).map(async ({ source }) => await this.#command.wantedReads(source)));
    const known = all.flatMap((one) => one ?? []);
    if (known.length < all.length) return null;
    const due = known.flatMap(({ dueAt }) => dueAt ?? []);
    return { count: known.reduce((sum, { count }) => sum + count, 0), dueAt: due.length === 0 ? null : Math.min(...due) };
  }

  /** Of the changes of the run, while the provider was there and while it was down, by the ledger of the system. */
  async delays(eventLogUrl: string): Promise<{ there: Delays; down: Delays }> {
    const client = new pg.Client({ connectionString: eventLogUrl, connectionTimeoutMillis: ASK_MS, statement_timeout: ASK_MS, application_name: 'clientele-demo' });
    await client.connect();
    try {
      const { rows } = await client.query<{ down: boolean; changes: string; ms: number[] }>(DELAYS, [
        this.#orgs.map(({ source }) => source), this.#begun, this.#from, this.#until,
      ]);
      return { there: delaysOf(rows.find(({ down }) => !down)), down: delaysOf(rows.find(({ down }) => down)) };
    } finally {
      await client.end();
    }
  }

  #turn(down: boolean): void {
    for (const { server } of this.#orgs) if (server !== null) server.habits.down = down;
  }
}

const DELAYS = `
select received_at >= $3 and received_at < $4 as down, count(*) as changes,
       percentile_disc(array[0.5, 0.99, 1]) within group (order by extract(epoch from decided_at - received_at)::float8 * 1000) as ms
  from published.ledger
 where source = any($1) and command_type = 'ProcessCrmEvent' and received_at >= $2 group by 1`;

function delaysOf(row: { readonly changes: string; readonly ms: readonly number[] } | undefined): Delays {
  const [p50 = 0, p99 = 0, most = 0] = row?.ms ?? [];
  return { changes: Number(row?.changes ?? 0), p50, p99, most };
}
