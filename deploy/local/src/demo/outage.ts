import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { SimulatedOrg } from './simulated-org.ts';

/** How long changes took from their receipt until they were decided, in milliseconds. */
export interface Delays {
  readonly changes: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

const LOOK_MS = 200;
const ASK_MS = 30_000;

/** Some seconds in which nobody answers at the orgs' REST APIs. */
export class Outage {
  readonly #orgs: readonly SimulatedOrg[];
  readonly #afterChanges: number;
  readonly #seconds: number;
  readonly #begun = new Date();
  #from = new Date(0);
  #until = new Date(0);

  /** @param afterChanges so many are sent before it. */
  constructor(orgs: readonly SimulatedOrg[], afterChanges: number, seconds: number) {
    this.#orgs = orgs;
    this.#afterChanges = afterChanges;
    this.#seconds = seconds;
  }

  /** @param sending aborts when nothing more is sent; @param stopped ends it at once. */
  async run(sending: AbortSignal, stopped: AbortSignal): Promise<void> {
    while (!sending.aborted && this.#orgs.reduce((sum, { changes }) => sum + changes, 0) < this.#afterChanges) await delay(LOOK_MS);
    this.#from = new Date();
    this.#turn(true);
    await delay(this.#seconds * 1000, undefined, { signal: stopped }).catch(() => undefined); // aborted: it is over
    this.#turn(false);
    this.#until = new Date();
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
