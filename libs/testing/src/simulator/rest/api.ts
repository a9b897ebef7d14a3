import { stringifyExact } from '@clientele/contracts';
import type { OrgRecord } from '../org-record.ts';
import type { SalesforceOrg } from '../org.ts';
import { Random } from '../random.ts';
import { kindOf, type Answer, type Request } from './call.ts';
import { describe, describeAll } from './describe.ts';
import type { Habits } from './habits.ts';
import { Queries, type QueryOptions } from './queries.ts';
import type { Quota } from './quota.ts';
import { collection, deletedRecords, oneRecord, updatedRecords } from './records.ts';
import { notFound, RestError } from './rest-error.ts';

/** The longest address that the API takes. */
const LONGEST_PATH = 16_384;
const VERSION = /^\/services\/data\/(v\d{2}\.0)(\/.*)?$/;

/** The org's REST API without anything of HTTP: what an authorised request is answered, from the records as they are at the moment. */
export class RestApi {
  readonly queries: Queries;
  readonly #org: SalesforceOrg;
  readonly #habits: Habits;
  readonly #quota: Quota;
  readonly #random: Random;
  /** How often records were asked for by their ids. */
  readonly #looks = new Map<string, number>();

  constructor(org: SalesforceOrg, habits: Habits, quota: Quota, options: QueryOptions) {
    this.#org = org;
    this.#habits = habits;
    this.#quota = quota;
    this.#random = new Random(`sight ${org.id}`);
    this.queries = new Queries(org, options);
  }

  /** @throws RestError for what the API refuses. */
  answer(request: Request): Answer {
    const { url, method } = request;
    if (url.pathname.length + url.search.length > LONGEST_PATH) throw new RestError(414, 'URI_TOO_LONG', 'URI Too Long');
    const [, version = '', path = ''] = VERSION.exec(url.pathname) ?? [];
    if (version === '') throw notFound();
    const parts = path.split('/').filter((part) => part !== '');
    const kind = kindOf(url.pathname);
    if (method !== 'GET' && !(kind === 'collection' && method === 'POST')) throw new RestError(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${method}' not allowed.`);
    const [, object = '', id = ''] = parts;
    switch (kind) {
      case 'sobjects': return describeAll(version);
      case 'describe': return describe(object, version);
      case 'deleted': return deletedRecords(this.#org, object, url, this.#habits.deletedLogKeepsPurged);
      case 'updated': return updatedRecords(this.#org, object, url);
      case 'record': return oneRecord(this.#org, object, id, url, version, (record) => this.#seen(record));
      case 'collection': return collection(this.#org, id, request, version, (record) => this.#seen(record) && !this.#random.chance(this.#habits.nullsInCollections));
      case 'query':
      case 'query_all': return this.queries.ask(url.searchParams.get('q') ?? '', kind === 'query_all', version);
      case 'query_more': return this.queries.more(object, version);
      case 'limits': return this.#quota.answer();
      case 'token':
      case 'versions':
      case 'unknown': throw notFound();
    }
  }

  #seen({ id }: OrgRecord): boolean {
    const looks = (this.#looks.get(id) ?? 0) + 1;
    this.#looks.set(id, looks);
    return looks > this.#habits.unseenAtFirst;
  }
}

/** `/services/data`, open to all. */
export function versions(): Answer {
  const known = ['60.0', '62.0', '64.0', '66.0'].map((version) => ({ label: `Version ${version}`, url: `/services/data/v${version}`, version }));
  return { status: 200, body: stringifyExact(known) };
}
