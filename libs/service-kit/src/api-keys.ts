import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
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

  /** The key that was presented, or null. */
  identify(presented: string): ApiKey | null {
    return this.find(digestOf(presented));
  }

  /** The same for the digest of what was presented. Always looks at all keys. */
  find(digest: Buffer): ApiKey | null {
    let found: ApiKey | null = null;
    for (const stored of this.#keys) if (timingSafeEqual(stored.digest, digest)) found = stored.key;
    return found;
  }
}

/** From `name:secret` or `name:secret@source`, comma-separated; the form is checked by `keyListSetting`. */
export function apiKeys(list: string): ApiKeys {
  return new ApiKeys(listedKeys(list).map(({ secret, ...key }) => ({ key, digest: digestOf(secret) })));
}

/** The keys of such a list with their secrets, for whoever hands them out. */
export function listedKeys(list: string): (ApiKey & { readonly secret: string })[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map(listedKey);
}

/**
 * Why such a list cannot stand, without its secrets; null: it can. One secret under two names would be the key that is named last, and
 * what it was bound to under the other would be lost.
 * @param bindable whether a binding means anything to those who take these keys.
 */
export function keyListMistake(list: string, bindable: boolean): string | null {
  const keys = listedKeys(list);
  const bound = keys.find(({ source }) => source !== null);
  if (bound !== undefined && !bindable) {
    return `binds the key ${bound.name} to a source, which only an ingest key can be: this one would open everything. `
      + 'Leave out @source; a secret that ends like one (an @, a word and a colon) is taken for it';
  }
  for (const [at, { name, secret }] of keys.entries()) {
    const same = keys.slice(0, at).find((earlier) => earlier.secret === secret);
    if (same !== undefined) return `gives the keys ${same.name} and ${name} the same secret, so that nobody could tell one from the other`;
  }
  return null;
}

/**
 * A hook that lets only the holders of one of these keys pass: `x-api-key`, `Authorization: Bearer`, or the password of Basic.
 * As `onRequest` it comes before the body is read, so a stranger costs nothing. The key is then at `keyOf(request)`. What is answered is for
 * its holder alone, so nobody is to keep it, unless the route says otherwise.
 */
export function requireKey(...lists: readonly ApiKeys[]): onRequestHookHandler {
  return function authenticate(request, reply, done) {
    reply.header('cache-control', 'no-store');
    const presented = presentedKey(request.headers);
    request.apiKey = presented === null ? null : find(lists, digestOf(presented));
    if (request.apiKey !== null) {
      done();
      return;
    }
    reply.header('www-authenticate', 'Bearer, Basic realm="clientele"');
    done(new HttpProblem(401, presented === null ? NO_KEY : 'The key is not known'));
  };
}

declare module 'fastify' {
  interface FastifyRequest {
    apiKey: ApiKey | null;
  }
}

/** The key that `requireKey` let in; null on open routes. */
export function keyOf(request: FastifyRequest): ApiKey | null {
  return request.apiKey;
}

const NO_KEY = 'No key was sent: use x-api-key, Authorization: Bearer, or the password of Basic';

function find(lists: readonly ApiKeys[], digest: Buffer): ApiKey | null {
  let found: ApiKey | null = null;
  for (const list of lists) found = list.find(digest) ?? found;
  return found;
}

function presentedKey(headers: FastifyRequest['headers']): string | null {
  const own = headers['x-api-key'];
  if (typeof own === 'string' && own !== '') return own;
  const [, scheme = '', credentials = ''] = /^(\S+)\s+(\S+)\s*$/.exec(headers.authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return null;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}

function listedKey(item: string): ApiKey & { secret: string } {
  const colon = item.indexOf(':');
  const rest = item.slice(colon + 1);
  const { secret = rest, source = null } = BOUND.exec(rest)?.groups ?? {};
  return { name: item.slice(0, colon), source, secret };
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
