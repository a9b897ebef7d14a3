import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { HttpProblem } from './http/problems.ts';

export interface ApiKey {
  readonly name: string;
  /** The source that the key may speak for; null: any. */
  readonly source: string | null;
}

interface StoredKey {
  readonly key: ApiKey;
  readonly digest: Buffer;
}

/** `@` begins a source only where a source id follows, so that secrets may hold one. */
const BOUND = /^(?<secret>.+)@(?<source>[a-z][a-z0-9_-]*:[^@,]+)$/;

/** A list of keys. Secrets are kept as digests of one length, so that comparing takes the same time for every key and every guess. */
export class ApiKeys {
  readonly #keys: readonly StoredKey[];

  constructor(keys: readonly StoredKey[]) {
    this.#keys = keys;
  }

  /** The key that was presented, or null. Always looks at all keys. */
  identify(presented: string): ApiKey | null {
    const digest = digestOf(presented);
    let found: ApiKey | null = null;
    for (const stored of this.#keys) if (timingSafeEqual(stored.digest, digest)) found = stored.key;
    return found;
  }
}

/** From `name:secret` or `name:secret@source`, comma-separated; the form is checked by `keyListSetting`. */
export function apiKeys(list: string): ApiKeys {
  return new ApiKeys(
    list
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map(storedKey),
  );
}

/**
 * A hook that lets only the holders of one of these keys pass: `x-api-key`, `Authorization: Bearer`, or the password of Basic.
 * As `onRequest` it comes before the body is read, so a stranger costs nothing. The key is then at `keyOf(request)`.
 */
export function requireKey(...lists: readonly ApiKeys[]): onRequestAsyncHookHandler {
  return async function authenticate(request: FastifyRequest, reply: FastifyReply) {
    const presented = presentedKey(request.headers);
    const key = presented === null ? null : lists.map((list) => list.identify(presented)).find((found) => found !== null);
    if (key) {
      requestKeys.set(request, key);
      return;
    }
    reply.header('www-authenticate', 'Bearer, Basic realm="clientele"');
    throw new HttpProblem(
      401,
      presented === null ? 'No key was sent: use x-api-key, Authorization: Bearer, or the password of Basic' : 'The key is not known',
    );
  };
}

const requestKeys = new WeakMap<FastifyRequest, ApiKey>();

/** The key that `requireKey` let in; null on open routes. */
export function keyOf(request: FastifyRequest): ApiKey | null {
  return requestKeys.get(request) ?? null;
}

function presentedKey(headers: FastifyRequest['headers']): string | null {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(\S+)\s*$/.exec(headers.authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return null;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}

function storedKey(item: string): StoredKey {
  const colon = item.indexOf(':');
  const rest = item.slice(colon + 1);
  const { secret = rest, source = null } = BOUND.exec(rest)?.groups ?? {};
  return { key: { name: item.slice(0, colon), source }, digest: digestOf(secret) };
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
