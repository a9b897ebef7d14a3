import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SalesforceOrg } from '../org.ts';
import type { OrgOptions } from '../options.ts';
import { Random } from '../random.ts';
import type { TrueRecord } from '../truth.ts';
import { RestApi, versions } from './api.ts';
import { kindOf, type Answer, type CallKind, type Request } from './call.ts';
import { drawLatency, drawMishap, goodHabits, type Habits, type Mishap } from './habits.ts';
import { OAuth, type Credentials } from './oauth.ts';
import { exceeded, Quota } from './quota.ts';
import { RestError } from './rest-error.ts';

export interface SalesforceServerOptions {
  /** The org to serve, or what to make it of. It goes on as its feed is walked through: see {@link OrgOptions.clock}. */
  readonly org: SalesforceOrg | OrgOptions;
  /** 0 or absent: any that is free. */
  readonly port?: number;
  /** What its client calls itself and proves itself with; drawn where it is not given. */
  readonly client?: { readonly id: string; readonly secret: string };
  /** Milliseconds; by default 2 hours. */
  readonly tokenLifeMs?: number;
  /** Calls a day; by default 100,000. */
  readonly dailyQuota?: number;
  /** Records of a page; by default 2,000. */
  readonly pageSize?: number;
  /** Milliseconds; by default 15 minutes. */
  readonly cursorLifeMs?: number;
  readonly habits?: Partial<Habits>;
  /** Hears of every call when it is answered, or is not going to be: of one that hangs or is cut the status is 0. */
  readonly onCall?: (call: Call) => void;
}

export interface Call {
  readonly kind: CallKind;
  readonly status: number;
  readonly request: Request;
}

/** An org that answers over HTTP, alone on its port. Start as many as there are orgs. */
export interface SalesforceServer {
  readonly org: SalesforceOrg;
  /** `http://127.0.0.1:<port>`; also what tokens name as `instance_url`. */
  readonly baseUrl: string;
  readonly tokenUrl: string;
  readonly credentials: Credentials;
  readonly habits: Habits;
  readonly quota: Quota;
  /** Calls by their kinds, refused ones included; and by the status that they were answered with. */
  readonly counts: { readonly kinds: Map<CallKind, number>; readonly statuses: Map<number, number>; underWay: number; mostAtOnce: number };
  /** How the records stand now. */
  truth(): TrueRecord[];
  /** What befalls the next calls that habits befall, one by one, before any share does. A null: nothing. */
  next(...mishaps: (Mishap | null)[]): void;
  /** Whether later pages of a query show records as of the query (default) or as of the page. */
  pagesAsOf(when: 'query' | 'page'): void;
  expireTokens(): void;
  expireCursors(): void;
  setTokenLife(milliseconds: number): void;
  stop(): Promise<void>;
}

const LONGEST_BODY = 4 * 1024 * 1024;

/**
 * Serves an org until it is stopped. What an answer shows is the org as it is at one moment between request and answer, and its `Date` says
 * when by the org's own clock, so reads may be made at any time while somebody walks through the org's feed. A test takes an org whose clock
 * is its history, and `org.clock.advance` in place of waiting; what runs beside real services, such as a demo, takes one whose clock is live.
 * @throws Error of node:net on a port that cannot be had.
 */
export async function startSalesforce(options: SalesforceServerOptions): Promise<SalesforceServer> {
  const org = options.org instanceof SalesforceOrg ? options.org : new SalesforceOrg(options.org);
  const oauth = await OAuth.forOrg(org.id, options.tokenLifeMs ?? 7_200_000, options.client);
  const serving = new Serving(org, oauth, options);
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => { void serving.serve(request, response); });
  server.on('connection', (socket) => { if (serving.habits.down) socket.destroy(); });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  serving.baseUrl = `http://127.0.0.1:${portOf(server.address())}`;
  return {
    org, baseUrl: serving.baseUrl, tokenUrl: `${serving.baseUrl}/services/oauth2/token`, credentials: oauth.credentials,
    habits: serving.habits, quota: serving.quota, counts: serving.counts,
    truth: () => org.truth(),
    next: (...mishaps) => { serving.script.push(...mishaps); },
    pagesAsOf: (when) => { serving.api.queries.pagesAsOf = when; },
    expireTokens: () => { oauth.expireTokens(); },
    expireCursors: () => { serving.api.queries.expireCursors(); },
    setTokenLife: (milliseconds) => { oauth.tokenLifeMs = milliseconds; },
    stop: async () => {
      serving.stopped.abort();
      const closed = new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What becomes of requests. */
class Serving {
  readonly habits: Habits;
  readonly quota: Quota;
  readonly api: RestApi;
  readonly counts = { kinds: new Map<CallKind, number>(), statuses: new Map<number, number>(), underWay: 0, mostAtOnce: 0 };
  readonly script: (Mishap | null)[] = [];
  readonly stopped = new AbortController();
  baseUrl = '';
  readonly #org: SalesforceOrg;
  readonly #oauth: OAuth;
  readonly #onCall: (call: Call) => void;
  readonly #random: Random;

  constructor(org: SalesforceOrg, oauth: OAuth, { habits, dailyQuota = 100_000, pageSize = 2000, cursorLifeMs = 900_000, onCall = () => {} }: SalesforceServerOptions) {
    this.habits = { ...goodHabits(), ...habits };
    this.quota = new Quota(dailyQuota);
    this.api = new RestApi(org, this.habits, this.quota, { pageSize, cursorLifeMs });
    this.#org = org;
    this.#oauth = oauth;
    this.#onCall = onCall;
    this.#random = new Random(`habits ${org.id}`);
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.baseUrl);
    const kind = kindOf(url.pathname);
    const { counts } = this;
    add(counts.kinds, kind);
    counts.underWay += 1;
    counts.mostAtOnce = Math.max(counts.mostAtOnce, counts.underWay);
    response.once('close', () => { counts.underWay -= 1; });
    // A client that goes away while it is served is none of the server's business.
    response.on('error', () => { response.destroy(); });
    if (this.habits.down) {
      response.destroy();
      return;
    }
    const body = await bodyOf(incoming);
    if (body === null) {
      response.destroy();
      return;
    }
    const request: Request = { method: incoming.method ?? 'GET', url, body };
    const mishap = this.#mishap(kind);
    const latency = drawLatency(this.habits, kind, this.#random);
    if (!(await this.#pause(latency.before, response))) return;
    const [looked, lookedAt] = [this.#org.clock.now(), performance.now()];
    const answer = this.#answer(kind, request, incoming.headers.authorization, mishap);
    if (!(await this.#pause(latency.after, response))) return;
    // The moment of the look plus what went by since, so that the answer belongs where it says also when the org's history has been walked on.
    const date = new Date(looked + Math.floor(performance.now() - lookedAt));
    this.#send(response, answer, date, mishap, { kind, request });
  }

  #mishap(kind: CallKind): Mishap | null {
    const scripted = this.habits.befalls(kind) ? this.script.shift() : undefined;
    return scripted === undefined ? drawMishap(this.habits, kind, this.#random) : scripted;
  }

  #answer(kind: CallKind, request: Request, authorization: string | undefined, mishap: Mishap | null): Answer {
    try {
      if (kind === 'token') return this.#oauth.token(new URLSearchParams(request.body), authorization, this.baseUrl);
      if (kind === 'versions') return versions();
      const refusal = mishap === null ? null : this.#refusal(mishap);
      if (refusal !== null) throw refusal;
      this.#oauth.check(authorization);
      this.quota.spend();
      const answer = this.api.answer(request);
      return { ...answer, headers: { ...this.quota.headers, ...answer.headers } };
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      return { status: error.status, body: error.body(this.habits.nullsInErrors), headers: { ...this.quota.headers, ...error.headers } };
    }
  }

  #refusal(mishap: Mishap): RestError | null {
    const { retryAfterSeconds } = this.habits;
    const later: Record<string, string> = retryAfterSeconds === null ? {} : { 'Retry-After': String(retryAfterSeconds) };
    if (mishap === 'unauthorized') return new RestError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    if (mishap === 'limit_exceeded') return exceeded();
    if (mishap === 'rate_limited') return new RestError(429, 'TOO_MANY_REQUESTS', 'Too many requests', later);
    if (mishap === 'server_error') return new RestError(500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred. Please include this ErrorId if you contact support: 1218735-4711 (-2064385221)');
    return mishap === 'unavailable' ? new RestError(503, 'SERVER_UNAVAILABLE', 'Server is temporarily unavailable', later) : null;
  }

  #send(response: ServerResponse, { status, body, headers = {} }: Answer, date: Date, mishap: Mishap | null, call: Omit<Call, 'status'>): void {
    const silent = mishap === 'hang' || mishap === 'cut';
    add(this.counts.statuses, silent ? 0 : status);
    this.#onCall({ ...call, status: silent ? 0 : status });
    if (mishap === 'hang') return;
    if (mishap === 'cut') {
      response.destroy();
      return;
    }
    const bytes = Buffer.from(body, 'utf8');
    const sent = mishap === 'truncated' || mishap === 'torn' ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes;
    const length = mishap === 'torn' ? sent.length : bytes.length;
    response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8', Date: date.toUTCString(), 'Content-Length': length, ...headers });
    if (mishap === 'truncated') response.write(sent, () => { response.destroy(); });
    else response.end(sent);
  }

  /** @returns false when there is nobody left to answer. */
  async #pause(milliseconds: number, response: ServerResponse): Promise<boolean> {
    if (milliseconds <= 0) return !response.destroyed;
    try {
      await delay(milliseconds, undefined, { signal: this.stopped.signal });
      return !response.destroyed;
    } catch (error) {
      if (this.stopped.signal.aborted) return false;
      throw error;
    }
  }
}

/** Null where the client went away or sends more than there is to ask. */
async function bodyOf(incoming: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of incoming) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk), 'utf8');
      length += bytes.length;
      if (length > LONGEST_BODY) return null;
      chunks.push(bytes);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (incoming.destroyed) return null;
    throw error;
  }
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port');
  return address.port;
}
