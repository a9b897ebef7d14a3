import { createPublicKey, createVerify, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { parseExact, stringifyExact } from '@clientele/contracts';
import { isJsonObject, type JsonObject } from '@clientele/domain';
import type { Answer } from './call.ts';
import { RestError } from './rest-error.ts';

/** What a client of the org has to prove itself with. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whom assertions are about. */
  readonly username: string;
  /** PEM, PKCS #8; its certificate is the client's in the org. */
  readonly privateKey: string;
  /** What assertions are for. */
  readonly audience: string;
}

const LONGEST_ASSERTION_MS = 5 * 60_000;
const CLOCK_SKEW_MS = 30_000;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const keyPair = promisify(generateKeyPair);

/** The org's token endpoint, and the tokens that it gave out. */
export class OAuth {
  /** Milliseconds of real time that a token is good for. */
  tokenLifeMs: number;
  readonly credentials: Credentials;
  readonly #key: KeyObject;
  readonly #orgId: string;
  readonly #tokens = new Map<string, number>();

  private constructor(orgId: string, credentials: Credentials, tokenLifeMs: number) {
    this.#orgId = orgId;
    this.credentials = credentials;
    this.tokenLifeMs = tokenLifeMs;
    this.#key = createPublicKey(credentials.privateKey);
  }

  static async forOrg(orgId: string, tokenLifeMs: number, client?: { readonly id: string; readonly secret: string }): Promise<OAuth> {
    const { privateKey } = await keyPair('rsa', { modulusLength: 2048 });
    const credentials: Credentials = {
      clientId: client?.id ?? `3MVG9${orgId}`, clientSecret: client?.secret ?? randomBytes(24).toString('hex'), username: `clientele@${orgId.toLowerCase()}.example.com`,
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), audience: 'https://login.salesforce.com',
    };
    return new OAuth(orgId, credentials, tokenLifeMs);
  }

  /** @param authorization of the token request: a client may prove itself there. */
  token(form: URLSearchParams, authorization: string | undefined, baseUrl: string): Answer {
    const grant = form.get('grant_type');
    if (grant === 'client_credentials') return this.#byCredentials(form, authorization, baseUrl);
    if (grant !== JWT_BEARER) return refusal('unsupported_grant_type', 'grant type not supported');
    const wrong = this.#wrongIn(form.get('assertion') ?? '', baseUrl);
    if (wrong !== null) return refusal('invalid_grant', wrong);
    return granted({ access_token: this.#issue(), scope: 'api', instance_url: baseUrl, id: this.#identity(baseUrl), token_type: 'Bearer' });
  }

  /** @throws RestError 401 for what is no token of this org, or no longer. */
  check(authorization: string | undefined): void {
    const token = /^(?:Bearer|OAuth) (.+)$/.exec(authorization ?? '')?.[1] ?? '';
    if (Date.now() < (this.#tokens.get(token) ?? 0)) return;
    this.#tokens.delete(token);
    throw new RestError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
  }

  /** As an administrator does who revokes all sessions. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  #byCredentials(form: URLSearchParams, authorization: string | undefined, baseUrl: string): Answer {
    const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1];
    const [id, secret] = basic === undefined ? [form.get('client_id'), form.get('client_secret')] : Buffer.from(basic, 'base64').toString('utf8').split(':');
    if (id !== this.credentials.clientId) return refusal('invalid_client_id', 'client identifier invalid');
    if (secret !== this.credentials.clientSecret) return refusal('invalid_client', 'invalid client credentials');
    return granted({
      access_token: this.#issue(), signature: randomBytes(32).toString('base64'), token_format: 'opaque', instance_url: baseUrl, id: this.#identity(baseUrl),
      token_type: 'Bearer', issued_at: String(Date.now()),
    });
  }

  #wrongIn(assertion: string, baseUrl: string): string | null {
    const [header = '', claims = '', signature = ''] = assertion.split('.');
    const said = { header: decoded(header), claims: decoded(claims) };
    if (said.header?.['alg'] !== 'RS256' || said.claims === null) return 'invalid assertion';
    if (!createVerify('RSA-SHA256').update(`${header}.${claims}`).verify(this.#key, signature, 'base64url')) return 'invalid assertion';
    const { iss, sub, aud, exp } = said.claims;
    if (iss !== this.credentials.clientId) return 'client identifier invalid';
    if (sub !== this.credentials.username) return "user hasn't approved this consumer";
    if (aud !== this.credentials.audience && aud !== 'https://test.salesforce.com' && aud !== baseUrl) return 'audience is invalid';
    const left = Number(exp) * 1000 - Date.now();
    return left > -CLOCK_SKEW_MS && left <= LONGEST_ASSERTION_MS + CLOCK_SKEW_MS ? null : 'expired authorization code';
  }

  #issue(): string {
    const token = `${this.#orgId}!${randomBytes(48).toString('base64url')}`;
    this.#tokens.set(token, Date.now() + this.tokenLifeMs);
    return token;
  }

  #identity(baseUrl: string): string {
    return `${baseUrl}/id/${this.#orgId}/${this.credentials.username}`;
  }
}

function granted(answer: JsonObject): Answer {
  return { status: 200, body: stringifyExact(answer), headers: { 'Cache-Control': 'no-store' } };
}

function refusal(error: string, description: string): Answer {
  return { status: 400, body: stringifyExact({ error, error_description: description }) };
}

function decoded(part: string): JsonObject | null {
  try {
    const value = parseExact(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
