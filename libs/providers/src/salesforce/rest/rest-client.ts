import type { Json } from '@clientele/domain';
import { CircuitBreaker, type BreakerState } from '../../http/circuit-breaker.ts';
import { HttpClient, HttpFailure, type HttpAnswer, type HttpRequest } from '../../http/http-client.ts';
import { withRetries } from '../../http/retries.ts';
import { CIRCUIT_OPEN, ProviderError } from '../../records/provider-error.ts';
import type { ApiLimits, ReadWindow, RecordSourceOptions } from '../../records/record-source.ts';
import { systemRuntime, type Runtime } from '../../records/runtime.ts';
import type { SalesforceAccess } from './access.ts';
import { readAnswer, type AnswerContext } from './answer.ts';
import { requestToken, type Token } from './oauth.ts';
import { Session } from './session.ts';

const ATTEMPTS = 3;
const FIRST_DELAY_MS = 1000;
const SECOND_MS = 1000;

/** Counts the calls of one operation. */
export interface Spending {
  calls: number;
}

export interface RestAnswer {
  readonly value: Json;
  readonly window: ReadWindow;
}

export interface RestRequest {
  /** For errors and counters: `describe Account`. Holds no data. */
  readonly operation: string;
  /** Below `/services/data/vNN.0/`. */
  readonly path: string;
  /** With it, it is a POST. All that we post are questions: repeating one does no harm. */
  readonly body?: Json;
  readonly spending: Spending;
}

/** The answer was larger than is taken: ask for less. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
}

/** Calls to one org's REST API: with a token, bounded in time and size, repeated where that may help, spared where it does not. */
export class RestClient {
  readonly #access: SalesforceAccess;
  readonly #runtime: Runtime;
  readonly #callTimeoutMs: number;
  readonly #deadlineMs: number;
  readonly #onCall: RecordSourceOptions['onCall'];
  readonly #http: HttpClient;
  readonly #session: Session;
  readonly #breaker: CircuitBreaker;
  #limits: ApiLimits | null = null;
  /** The last answer that asked for patience: until its time nothing is asked, whoever would. */
  #refusal: ProviderError | null = null;
  /** How far the provider's clock is ahead of ours, ms, as the last answer told. */
  #ahead = 0;

  constructor(access: SalesforceAccess, options: RecordSourceOptions = {}) {
    const { runtime = systemRuntime, callTimeoutMs = 30_000, deadlineMs = 120_000, maxAnswerBytes = 16 * 1024 * 1024, onCall } = options;
    this.#access = access;
    this.#runtime = runtime;
    this.#callTimeoutMs = callTimeoutMs;
    this.#deadlineMs = deadlineMs;
    this.#onCall = onCall;
    this.#http = new HttpClient({ maxAnswerBytes, runtime });
    this.#session = new Session(async () => await this.#requestToken(), runtime.now);
    this.#breaker = new CircuitBreaker({ now: runtime.now });
  }

  /** @throws ProviderError; AnswerTooLargeError */
  async call(request: RestRequest): Promise<RestAnswer> {
    const policy = { attempts: ATTEMPTS, firstDelayMs: FIRST_DELAY_MS, deadlineMs: this.#deadlineMs };
    return await withRetries(policy, this.#runtime, async (leftMs) => await this.#attempt(request, leftMs), (error) => this.#waitFor(error));
  }

  limits(): ApiLimits | null {
    return this.#limits;
  }

  /** Ms since 1970 by the provider's clock, as far as it is known. */
  providerNow(): number {
    return this.#runtime.now() + this.#ahead;
  }

  breaker(): BreakerState {
    return this.#breaker.state();
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  #waitFor(error: unknown): number | null {
    if (!(error instanceof ProviderError) || error.kind !== 'unavailable' || error.code === CIRCUIT_OPEN) return null;
    return Math.max(0, (error.retryAt?.getTime() ?? 0) - this.#runtime.now());
  }

  async #attempt(request: RestRequest, leftMs: number): Promise<RestAnswer> {
    this.#heed(request);
    try {
      const answer = await this.#withToken(request, Math.min(leftMs, this.#callTimeoutMs));
      this.#breaker.succeeded();
      return answer;
    } catch (error) {
      if (error instanceof ProviderError && (error.kind === 'rate_limited' || error.kind === 'unavailable') && error.retryAt !== null) this.#refusal = error;
      // Whatever is answered, short of nonsense, shows that somebody is there.
      if (error instanceof ProviderError && error.kind === 'unavailable') this.#breaker.failed();
      else this.#breaker.succeeded();
      throw error;
    }
  }

  /** @throws ProviderError where the provider has asked to be left alone, or has to be. */
  #heed({ operation }: RestRequest): void {
    const refusal = this.#refusal;
    if (refusal?.retryAt && refusal.retryAt.getTime() > this.#runtime.now()) {
      const { kind, status, code, retryAt } = refusal;
      throw new ProviderError(kind, `${operation}: not asked, since it asked for patience (${status ?? ''} ${code ?? ''}) until ${retryAt.toISOString()}`, { status, code, retryAt });
    }
    const closedUntil = this.#breaker.admit();
    if (closedUntil === null) return;
    const trial = new Date(closedUntil);
    throw new ProviderError('unavailable', `${operation}: not asked, since the last calls failed; next trial at ${trial.toISOString()}`, { code: CIRCUIT_OPEN, retryAt: trial });
  }

  async #withToken(request: RestRequest, timeoutMs: number): Promise<RestAnswer> {
    const token = await this.#session.token();
    try {
      return await this.#ask(request, token, timeoutMs);
    } catch (error) {
      // Only a status of 401 speaks of the token; other refusals are of what it may do.
      if (!(error instanceof ProviderError) || error.kind !== 'unauthorised' || error.status !== 401) throw error;
      return await this.#ask(request, await this.#session.renewed(token), timeoutMs);
    }
  }

  async #ask({ operation, path, body, spending }: RestRequest, { accessToken, instanceUrl }: Token, timeoutMs: number): Promise<RestAnswer> {
    spending.calls += 1;
    const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const url = new URL(`/services/data/${this.#access.apiVersion}/${path}`, instanceUrl);
    const request: HttpRequest = { method: body === undefined ? 'GET' : 'POST', url, headers, timeoutMs, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return await this.#reported(operation, async () => {
      const answer = await this.#send(operation, request);
      this.#noteLimits(answer);
      const value = readAnswer(answer, this.#context(operation, [accessToken]));
      const date = dateOf(answer, operation);
      this.#ahead = date - this.#runtime.now();
      return { value, window: windowOf(answer, date) };
    });
  }

  async #requestToken(): Promise<Token> {
    const { credentials } = this.#access;
    const secrets = credentials.type === 'client_credentials' ? [credentials.clientSecret] : [];
    return await this.#reported('token', async () => {
      try {
        return await requestToken(this.#http, this.#access, this.#context('token', secrets), this.#callTimeoutMs);
      } catch (error) {
        throw unavailable('token', error);
      }
    });
  }

  async #send(operation: string, request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#http.send(request);
    } catch (error) {
      if (error instanceof HttpFailure && error.kind === 'too_large') throw new AnswerTooLargeError(`${operation}: ${error.message}`, { cause: error });
      throw unavailable(operation, error);
    }
  }

  async #reported<T>(operation: string, call: () => Promise<T>): Promise<T> {
    const begin = this.#runtime.elapsed();
    let outcome = 'ok';
    try {
      return await call();
    } catch (error) {
      outcome = error instanceof ProviderError ? error.kind : error instanceof AnswerTooLargeError ? 'too_large' : 'bug';
      throw error;
    } finally {
      const { source } = this.#access;
      this.#onCall?.({ source, operation: operation.split(' ')[0] ?? operation, outcome, durationMs: this.#runtime.elapsed() - begin, limits: this.#limits });
    }
  }

  #context(operation: string, secrets: readonly string[]): AnswerContext {
    return { operation, now: this.#runtime.now(), scrub: (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '***'), text) };
  }

  /** `api-usage=25/5000`, beside which other usages may stand. */
  #noteLimits(answer: HttpAnswer): void {
    const [, used, max] = /(?:^|[\s;,])api-usage=(\d{1,12})\/(\d{1,12})/.exec(answer.header('sforce-limit-info') ?? '') ?? [];
    if (used !== undefined && max !== undefined) this.#limits = { used: Number(used), max: Number(max), at: this.#runtime.now() };
  }
}

function unavailable(operation: string, error: unknown): unknown {
  return error instanceof HttpFailure ? new ProviderError('unavailable', `${operation}: ${error.message}`, { code: error.kind, cause: error }) : error;
}

function dateOf({ header }: HttpAnswer, operation: string): number {
  const date = Date.parse(header('date') ?? '');
  if (Number.isNaN(date)) throw new ProviderError('unavailable', `${operation}: the answer has no Date, so that nobody could say when it was true`);
  return date;
}

function windowOf({ durationMs, bodyMs }: HttpAnswer, date: number): ReadWindow {
  const iso = (ms: number): string => new Date(ms).toISOString();
  // The header names a second; what it says began before that second ended.
  return { from: iso(date - Math.ceil(durationMs)), until: iso(date + SECOND_MS - 1 + Math.ceil(bodyMs)) };
}
