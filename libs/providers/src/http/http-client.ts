import { Agent, errors, request } from 'undici';
import type { Runtime } from '../records/runtime.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the body is complete. */
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  /** Of a header that came several times the first; null where it is missing. */
  readonly header: (name: string) => string | null;
  readonly body: Uint8Array;
  /** From sending to the last byte. */
  readonly durationMs: number;
  /** From the head to the last byte. */
  readonly bodyMs: number;
}

/** No whole answer came: `timeout`, `connection` (refused, cut off, not HTTP), or one that is `too_large`. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly kind: 'timeout' | 'connection' | 'too_large';
  constructor(kind: HttpFailure['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

export interface HttpClientOptions {
  readonly maxAnswerBytes: number;
  readonly runtime: Runtime;
}

const MOST_CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 10_000;

/** One HTTP exchange at a time, bounded in time and size. Follows no redirect, decodes no compression (it asks for none). */
export class HttpClient {
  readonly #agent: Agent;
  readonly #elapsed: Runtime['elapsed'];

  constructor({ maxAnswerBytes, runtime }: HttpClientOptions) {
    // The timeout of each request covers head and body.
    this.#agent = new Agent({ connections: MOST_CONNECTIONS, connect: { timeout: CONNECT_TIMEOUT_MS }, headersTimeout: 0, bodyTimeout: 0, maxResponseSize: maxAnswerBytes });
    this.#elapsed = runtime.elapsed;
  }

  /** @throws HttpFailure */
  async send({ method, url, headers, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
    const begin = this.#elapsed();
    try {
      const signal = AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs)));
      const answer = await request(url, { method, headers: { 'accept-encoding': 'identity', ...headers }, body: body ?? null, signal, dispatcher: this.#agent });
      const head = this.#elapsed();
      const bytes = new Uint8Array(await answer.body.arrayBuffer());
      const end = this.#elapsed();
      const header = (name: string): string | null => first(answer.headers[name]);
      return { status: answer.statusCode, header, body: bytes, durationMs: end - begin, bodyMs: end - head };
    } catch (error) {
      throw failureOf(error, url, timeoutMs);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function first(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function failureOf(error: unknown, { host }: URL, timeoutMs: number): HttpFailure {
  if (!(error instanceof Error)) throw error;
  if (error instanceof errors.ResponseExceededMaxSizeError) return new HttpFailure('too_large', `${host}: the answer is larger than is taken`, { cause: error });
  if (error.name === 'TimeoutError' || error instanceof errors.ConnectTimeoutError) {
    return new HttpFailure('timeout', `${host}: no whole answer within ${Math.ceil(timeoutMs)} ms`, { cause: error });
  }
  // What is no failure of the connection is a mistake of ours.
  if (error instanceof errors.InvalidArgumentError) throw error;
  return new HttpFailure('connection', `${host}: ${error.message}`, { cause: error });
}
