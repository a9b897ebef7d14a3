import { setTimeout as delay } from 'node:timers/promises';
import { parseExact } from '@clientele/contracts';
import { isJsonObject, type Json, type JsonObject } from '@clientele/domain';
import { DemoError } from './demo-error.ts';

/** A record of one source as the query service shows it. */
export interface ServedRecord {
  readonly id: string;
  readonly entity: string;
  readonly externalId: string;
  readonly lifecycle: string;
  readonly complete: boolean;
  readonly dirtySince: string | null;
  /** The id of the record that it was merged into, after all mergers. */
  readonly supersededBy: string | null;
  /** In the source's own names. */
  readonly fields: JsonObject;
}

export interface AccountingView {
  /** Changes of the source up to the lanes' checkpoints, repeats included. */
  readonly accepted: number;
  readonly repeats: number;
  readonly parked: number;
  readonly inFlight: number;
  readonly unaccounted: number;
  readonly lost: number;
  readonly position: string;
}

const ANSWER_MS = 10_000;
const LONGEST_ABSENCE_MS = 60_000;
const PAUSE_MS = 500;
const PAGE = 200;

/** Asks the query service, again and again where it is away: it may be killed and restarted while it is asked. */
export class QueryClient {
  readonly #address: string;
  readonly #key: string;

  constructor(address: string, key: string) {
    this.#address = address;
    this.#key = key;
  }

  /** @throws DemoError at once where nobody answers or the key is refused. */
  async greet(): Promise<void> {
    try {
      await this.#ask('/accounting');
    } catch (cause) {
      if (cause instanceof DemoError) throw cause;
      throw new DemoError(`the query service does not answer at ${this.#address} (${reasonOf(cause)})`, 'npm start, in another terminal, brings the system up', { cause });
    }
  }

  async accounting(source: string): Promise<AccountingView> {
    const answer = await this.#askPatiently('/accounting');
    const { sources } = answer;
    const line = isJsonObject(sources) && Object.hasOwn(sources, source) ? sources[source] : undefined;
    const ofSource = isJsonObject(line) ? line : {};
    return {
      accepted: count(ofSource['accepted'] ?? 0),
      repeats: count(ofSource['repeats'] ?? 0),
      parked: count(isJsonObject(ofSource['outcomes']) ? (ofSource['outcomes']['parked'] ?? 0) : 0),
      inFlight: count(answer['in_flight']),
      unaccounted: count(answer['unaccounted']),
      lost: count(answer['lost']),
      position: text(answer['position']),
    };
  }

  /** All records of a source in a list such as `clients`, as of a position of the log or later. */
  async records(list: string, source: string, position = '0'): Promise<ServedRecord[]> {
    const records: ServedRecord[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ source, after: position, sort: 'id', limit: String(PAGE), ...(cursor === null ? {} : { cursor }) });
      const { items, next_cursor: next } = await this.#askPatiently(`/${list}?${query.toString()}`);
      for (const item of isList(items) ? items : []) records.push(...servedRecords(item, source));
      cursor = typeof next === 'string' ? next : null;
    } while (cursor !== null);
    return records;
  }

  async #askPatiently(path: string): Promise<JsonObject> {
    const begun = Date.now();
    for (;;) {
      try {
        return await this.#ask(path);
      } catch (cause) {
        if (cause instanceof DemoError) throw cause;
        if (Date.now() - begun > LONGEST_ABSENCE_MS) {
          throw new DemoError(`the query service has not answered ${path} for ${LONGEST_ABSENCE_MS / 1000} s (${reasonOf(cause)})`, 'see its log', { cause });
        }
        await delay(PAUSE_MS);
      }
    }
  }

  /** @throws DemoError where asking again would not help. */
  async #ask(path: string): Promise<JsonObject> {
    const response = await fetch(`${this.#address}${path}`, { headers: { 'x-api-key': this.#key }, signal: AbortSignal.timeout(ANSWER_MS) });
    const body = await response.text();
    if (response.status === 401 || response.status === 403) throw new DemoError('the query service refuses the key', 'set QUERY_API_KEYS as the service has it');
    if (response.status === 400) throw new DemoError(`the query service does not understand ${path}: ${body}`, 'is it of the same version?');
    const answer = response.ok ? parseExact(body) : undefined;
    if (!isJsonObject(answer)) throw new Error(`${response.status} ${body.slice(0, 200)}`);
    return answer;
  }
}

function servedRecords(item: Json, source: string): ServedRecord[] {
  if (!isJsonObject(item) || !isList(item['sources'])) throw new TypeError('an item of the list is no record');
  return item['sources'].filter(isJsonObject).filter((member) => member['source'] === source).map((member) => ({
    id: text(item['id']),
    entity: text(member['entity']),
    externalId: text(member['external_id']),
    lifecycle: text(item['lifecycle']),
    complete: item['complete'] === true,
    dirtySince: textOrNull(item['dirty_since']),
    supersededBy: textOrNull(item['superseded_by']),
    fields: isJsonObject(member['fields']) ? member['fields'] : {},
  }));
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function count(value: Json | undefined): number {
  if (typeof value !== 'number') throw new TypeError('the accounting lacks a number');
  return value;
}

function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new TypeError('an answer lacks a text');
  return value;
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
