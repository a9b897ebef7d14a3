import { parseExact } from '@clientele/contracts';
import { connectNats, EventStream, type NatsLink } from '@clientele/messaging';
import pg from 'pg';
import type { RunningSystem } from '../start/running-system.ts';
import { accountCreated, SAMPLE_ORG } from '../start/sample-change.ts';

const ASK_MS = 5_000;
const SMOKE_ACCOUNT = '0015e00000SmokeAAB';

/** What one hop hands to those behind it. */
export interface Travelled {
  readonly changeId: string;
  /** Position in the log, once it is decided. */
  readonly position: number;
}

/** A hop that did not let the change through, with what it answered. */
export class HopError extends Error {
  override readonly name = 'HopError';
}

/** Looks at each hop of one change, from outside. */
export class HopProbes {
  readonly #system: RunningSystem;
  #log: pg.Client | null = null;
  #broker: NatsLink | null = null;
  /** Tells this run's change from earlier ones of the same record. */
  readonly #mark = `Smoke ${new Date().toISOString()}`;

  constructor(system: RunningSystem) {
    this.#system = system;
  }

  async close(): Promise<void> {
    await this.#log?.end();
    await this.#broker?.close();
  }

  /** @returns the change's id. @throws HopError with ingest's answer when that is not 202. */
  async accepted(): Promise<string> {
    const { addresses, keys } = this.#system;
    const response = await fetch(`${addresses.ingest}/events/salesforce/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': keys.ingest },
      body: accountCreated(SMOKE_ACCOUNT, this.#mark, new Date()),
      signal: AbortSignal.timeout(ASK_MS),
    });
    const text = await response.text();
    if (response.status !== 202) throw new HopError(`ingest answered ${response.status}: ${text}`);
    const id = member(parseExact(text), 'id');
    if (typeof id === 'string') return id;
    throw new HopError(text.includes('quarantine_id')
      ? `ingest does not know the source salesforce:${SAMPLE_ORG} and put the change into quarantine: ${text}`
      : `ingest answered 202 without the id of a change: ${text}`);
  }

  /** @returns the position of its log entry, null while there is none. */
  async decided(changeId: string): Promise<number | null> {
    if (this.#system.eventLogUrl === null) return await this.#positionByQuery(changeId);
    this.#log ??= await openLog(this.#system.eventLogUrl);
    const { rows } = await this.#log.query<{ outcome: string; position: string | null }>(DECIDED, [changeId]);
    const [row] = rows;
    if (row === undefined) return null;
    if (row.outcome !== 'applied') throw new HopError(`its outcome is ${row.outcome}`);
    return row.position === null ? null : Number(row.position);
  }

  async published({ position }: Travelled): Promise<boolean> {
    // Unseen from here; the hops behind it see what was published.
    if (this.#system.brokerUrl === null) return true;
    this.#broker ??= await connectNats({ url: this.#system.brokerUrl, name: 'clientele-smoke', waitMs: ASK_MS });
    const state = await new EventStream(this.#broker).state();
    return (state?.last?.position ?? 0) >= position;
  }

  async projected({ position }: Travelled): Promise<boolean> {
    const { addresses, keys } = this.#system;
    const items = member(await getJson(`${addresses.projector}/projections`, keys.admin), 'items');
    if (!Array.isArray(items) || items.length === 0) throw new HopError('the projector names no projection');
    return items.every((item) => Number(member(item, 'position')) >= position);
  }

  async queryable(): Promise<boolean> {
    const { addresses, keys } = this.#system;
    const items = member(await getJson(`${addresses.query}/clients?external_id=${SMOKE_ACCOUNT}&source=salesforce:${SAMPLE_ORG}`, keys.query), 'items');
    return Array.isArray(items) && items.some((item) => Object.values(object(member(item, 'fields'))).includes(this.#mark));
  }

  async #positionByQuery(changeId: string): Promise<number | null> {
    const { addresses, keys } = this.#system;
    const change = await getJson(`${addresses.query}/events/${changeId}`, keys.query, [404]);
    const position = member(change, 'position');
    return position === undefined || position === null ? null : Number(position);
  }
}

/** The day in the id names the ledger's partition; the entry is looked for among the newest. */
const DECIDED = `
select l.outcome, (
  select max(e.position) from published.event_log e
   where e.stream_id = l.aggregate_id and e.position > (select position from published.log_head) - 10000
)::text as position
  from published.ledger l
 where l.command_id = $1 and l.day = to_date(left($1, 8), 'YYYYMMDD')`;

async function openLog(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: ASK_MS, statement_timeout: ASK_MS, application_name: 'clientele-smoke' });
  // A lost connection shows at the next query.
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function getJson(url: string, key: string, absent: readonly number[] = []): Promise<unknown> {
  const response = await fetch(url, { headers: { 'x-api-key': key }, signal: AbortSignal.timeout(ASK_MS) });
  const text = await response.text();
  if (absent.includes(response.status)) return null;
  if (!response.ok) throw new HopError(`${url} answered ${response.status}: ${text}`);
  return parseExact(text);
}

function member(value: unknown, name: string): unknown {
  return object(value)[name];
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
