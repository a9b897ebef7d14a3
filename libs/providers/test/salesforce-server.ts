import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Row {
  readonly Id: string;
  readonly SystemModstamp: string;
  readonly IsDeleted?: boolean;
  readonly [field: string]: unknown;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: string | null;
  readonly parameters: URLSearchParams;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

export type Responder = (response: ServerResponse, call: Call) => void;

/** An org's REST API as far as wire-formats tell of it, on a real socket, that can be told to misbehave. */
export class SalesforceServer {
  readonly calls: Call[] = [];
  readonly tokenCalls: Call[] = [];
  /** Entity -> its records, deleted ones included. */
  readonly records = new Map<string, Row[]>();
  /** Entity -> fields; one that is not here has its description refused. */
  readonly described = new Map<string, Record<string, unknown>[]>();
  /** Entities whose records are not read one by one. */
  readonly hidden = new Set<string>();
  /** Entity -> ids in its log of deletions; one that is not here has none. */
  readonly deletionLog = new Map<string, string[]>();
  /** Ids that a plain read does not see yet. */
  readonly invisible = new Set<string>();
  /** What comes in the place of the next answers of the API, and of the token endpoint. */
  readonly script: Responder[] = [];
  readonly tokenScript: Responder[] = [];
  /** The only token that is good; each that is given out is the next. */
  token = 'token-0';
  /** What the `Date` header says; null: the real time. */
  now: Date | null = null;
  batchSize = 2000;
  limitInfo: string | null = 'api-usage=25/5000';
  #tokens = 0;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.#answer(request, response, Buffer.concat(chunks).toString('utf8')));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  paths(): string[] {
    return this.calls.map(({ method, path }) => `${method} ${path.replace('/services/data/v60.0/', '')}`);
  }

  queries(): string[] {
    return this.calls.flatMap(({ query }) => query ?? []);
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: string): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const call: Call = { method: request.method ?? '', path: url.pathname, query: url.searchParams.get('q'), parameters: url.searchParams, body, headers: request.headers };
    if (this.now !== null) response.setHeader('date', this.now.toUTCString());
    const isToken = url.pathname === '/services/oauth2/token';
    (isToken ? this.tokenCalls : this.calls).push(call);
    const scripted = (isToken ? this.tokenScript : this.script).shift();
    if (scripted) scripted(response, call);
    else if (isToken) this.#giveToken(response);
    else this.#api(response, call);
  }

  #giveToken(response: ServerResponse): void {
    this.#tokens += 1;
    this.token = `token-${this.#tokens}`;
    json(response, 200, { access_token: this.token, instance_url: `http://${response.req.headers.host}`, token_type: 'Bearer', issued_at: '1' });
  }

  #api(response: ServerResponse, call: Call): void {
    if (this.limitInfo !== null) response.setHeader('Sforce-Limit-Info', this.limitInfo);
    if (call.headers.authorization !== `Bearer ${this.token}`) return json(response, 401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]);
    const [, resource = ''] = /^\/services\/data\/v60\.0\/(.*)$/.exec(call.path) ?? [];
    const [kind, ...rest] = resource.split('/');
    if (kind === 'query' || kind === 'queryAll') return this.#query(response, call.query ?? '', kind === 'queryAll');
    if (kind === 'composite') return this.#collection(response, rest[1] ?? '', call.body);
    const [entity = '', id = ''] = rest;
    if (id === 'deleted') return this.#log(response, entity);
    if (id !== 'describe') return this.#one(response, entity, id);
    const fields = this.described.get(entity);
    if (fields === undefined) return json(response, 403, [{ message: 'no access', errorCode: 'INSUFFICIENT_ACCESS' }]);
    return json(response, 200, { name: entity, fields });
  }

  #log(response: ServerResponse, entity: string): void {
    const ids = this.deletionLog.get(entity);
    if (ids === undefined) return json(response, 404, [{ message: 'no log', errorCode: 'NOT_FOUND' }]);
    return json(response, 200, { deletedRecords: ids.map((id) => ({ id, deletedDate: '2026-05-07T22:00:00.000+0000' })) });
  }

  #one(response: ServerResponse, entity: string, id: string): void {
    const row = this.records.get(entity)?.find(({ Id }) => Id === id);
    if (row?.IsDeleted === true) return json(response, 404, [{ message: 'entity is deleted', errorCode: 'ENTITY_IS_DELETED', fields: [] }]);
    if (row === undefined || this.invisible.has(id) || this.hidden.has(entity)) return json(response, 404, [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }]);
    return json(response, 200, { attributes: { type: entity, url: `/services/data/v60.0/sobjects/${entity}/${id}` }, ...row });
  }

  #collection(response: ServerResponse, entity: string, body: string): void {
    const { ids, fields }: { ids: string[]; fields: string[] } = JSON.parse(body);
    const rows = this.records.get(entity) ?? [];
    const unknown = fields.find((field) => rows.length > 0 && !rows.some((row) => field in row));
    if (unknown !== undefined) return json(response, 400, [{ message: `No such column '${unknown}' on sobject of type ${entity}`, errorCode: 'INVALID_FIELD' }]);
    if (ids.length > 2000) return json(response, 400, [{ message: 'too many', errorCode: 'EXCEEDED_ID_LIMIT' }]);
    const answer = ids.map((id) => {
      const row = rows.find(({ Id }) => Id === id);
      if (row === undefined || row.IsDeleted === true || this.invisible.has(id)) return null;
      return { attributes: { type: entity, url: `/x/${id}` }, Id: id, ...Object.fromEntries(fields.map((field) => [field, row[field] ?? null])) };
    });
    return json(response, 200, answer);
  }

  #query(response: ServerResponse, soql: string, all: boolean): void {
    const [, columns = '', entity = '', where = '', order = '', limit = ''] =
      /^SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (.+?))?(?: LIMIT (\d+))?$/.exec(soql) ?? [];
    const rows = this.records.get(entity);
    if (rows === undefined) return json(response, 400, [{ message: `sObject type '${entity}' is not supported.`, errorCode: 'INVALID_TYPE' }]);
    const visible = rows.filter((row) => (all || row.IsDeleted !== true) && where.split(' AND ').every((condition) => holds(row, condition)));
    if (columns === 'COUNT()') return json(response, 200, { totalSize: visible.length, done: true, records: [] });
    const missing = columns.split(', ').find((column) => rows.length > 0 && !rows.some((row) => column in row) && column !== 'IsDeleted');
    if (missing !== undefined) return json(response, 400, [{ message: `\nSELECT\nERROR\nNo such column '${missing}' on entity '${entity}'.`, errorCode: 'INVALID_FIELD' }]);
    const key = (row: Row): string => (order.startsWith('SystemModstamp') ? row.SystemModstamp : '') + row.Id;
    const sorted = visible.sort((one, other) => (key(one) < key(other) ? -1 : 1)).slice(0, limit === '' ? undefined : Number(limit));
    const part = sorted.slice(0, this.batchSize);
    const records = part.map((row) => ({ attributes: { type: entity }, ...Object.fromEntries(columns.split(', ').map((column) => [column, row[column] ?? (column === 'IsDeleted' ? false : null)])) }));
    const done = part.length === sorted.length;
    return json(response, 200, { totalSize: sorted.length, done, ...(done ? {} : { nextRecordsUrl: '/services/data/v60.0/query/01gRO0000016PIAYA2-500' }), records });
  }
}

function holds(row: Row, condition: string): boolean {
  const stamp = row.SystemModstamp.replace('+0000', 'Z');
  const [, from = ''] = /SystemModstamp >=? (\S+)/.exec(condition) ?? [];
  const [, id = ''] = /Id > '(\w+)'/.exec(condition) ?? [];
  if (condition === '') return true;
  if (condition === 'IsDeleted = true') return row.IsDeleted === true;
  if (condition.startsWith('Id IN')) return condition.includes(`'${row.Id}'`);
  if (condition.startsWith('(')) return stamp > from || row.Id > id;
  if (condition.startsWith('SystemModstamp >= ')) return stamp >= from;
  if (condition.startsWith('SystemModstamp < ')) return stamp < condition.slice('SystemModstamp < '.length);
  if (condition.startsWith('Id > ')) return row.Id > id;
  throw new Error(`a condition that is not known: ${condition}`);
}

export function json(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

export function error(status: number, errorCode: string, headers: Record<string, string> = {}): Responder {
  return (response) => json(response, status, [{ message: `about ${errorCode}`, errorCode }], headers);
}

export function html(status: number): Responder {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<html><body>Down for maintenance</body></html>');
  };
}
