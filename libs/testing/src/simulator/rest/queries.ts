import { stringifyExact } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import type { SalesforceOrg } from '../org.ts';
import type { Answer } from './call.ts';
import { RestError } from './rest-error.ts';
import { select } from './soql/evaluate.ts';
import { parseSoql } from './soql/parse.ts';
import { recordTable, relayTable, type ObjectTable } from './tables.ts';

export interface QueryOptions {
  /** Records of one page, 1 to 2,000. */
  readonly pageSize: number;
  /** How long a cursor lives after its last use, milliseconds of real time. */
  readonly cursorLifeMs: number;
}

interface Cursor {
  readonly total: number;
  readonly size: number;
  readonly show: (from: number, to: number) => Json[];
  readonly until: number;
}

/** Cursors that are open at a time; the oldest is closed for one more. */
const MOST_CURSORS = 10;

/** `query`, `queryAll` and the pages that follow. */
export class Queries {
  /**
   * Whether later pages show the records as they were when the query was asked (a cursor is a result) or as they are when the page is.
   * The API's documentation leaves it open; who clocks what they read has to be right in either case.
   */
  pagesAsOf: 'query' | 'page' = 'query';
  readonly #org: SalesforceOrg;
  readonly #options: QueryOptions;
  readonly #cursors = new Map<string, Cursor>();
  #opened = 0;

  constructor(org: SalesforceOrg, options: QueryOptions) {
    this.#org = org;
    this.#options = options;
  }

  /** @throws RestError for what cannot be asked. */
  ask(soql: string, all: boolean, version: string): Answer {
    const query = parseSoql(soql);
    if (query.from.toLowerCase() === 'eventrelayfeedback') return this.#answer(query, relayTable(this.#org), all, version);
    return this.#answer(query, recordTable(this.#org, query.from), all, version);
  }

  /** @param locator `01g…-2000`: the cursor and how far it has been read. @throws RestError for one that is unknown, or expired. */
  more(locator: string, version: string): Answer {
    const [name = '', place = ''] = locator.split('-');
    const cursor = this.#cursors.get(name);
    const from = Number(place);
    if (cursor === undefined || Date.now() > cursor.until || !(from < cursor.total)) {
      this.#cursors.delete(name);
      throw new RestError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    }
    return this.#page(name, { ...cursor, until: Date.now() + this.#options.cursorLifeMs }, from, version);
  }

  expireCursors(): void {
    this.#cursors.clear();
  }

  #answer<Row>(query: ReturnType<typeof parseSoql>, table: ObjectTable<Row>, all: boolean, version: string): Answer {
    const show = table.shown(query.select ?? [], version);
    const found = select(query, table.rows(all), table);
    if (query.select === null) return { status: 200, body: stringifyExact({ totalSize: found.length, done: true, records: [] }) };
    const size = Math.min(this.#options.pageSize, 2000);
    const kept = this.pagesAsOf === 'page' || found.length <= size ? found : found.map(table.keep);
    this.#opened += 1;
    const cursor: Cursor = {
      total: kept.length, size, show: (from, to) => kept.slice(from, to).map(show), until: Date.now() + this.#options.cursorLifeMs,
    };
    return this.#page(`01g${String(this.#opened).padStart(12, '0')}AA0`, cursor, 0, version);
  }

  #page(name: string, cursor: Cursor, from: number, version: string): Answer {
    const { total, size, show } = cursor;
    const to = Math.min(from + size, total);
    this.#cursors.delete(name);
    if (to < total) this.#cursors.set(name, cursor);
    for (const oldest of [...this.#cursors.keys()].slice(0, Math.max(0, this.#cursors.size - MOST_CURSORS))) this.#cursors.delete(oldest);
    const next = to < total ? { nextRecordsUrl: `/services/data/${version}/query/${name}-${to}` } : {};
    return { status: 200, body: stringifyExact({ totalSize: total, done: to >= total, ...next, records: show(from, to) }) };
  }
}
