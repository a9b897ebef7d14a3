import { isJsonObject } from '@clientele/domain';
import { sign, type KeyObject } from 'node:crypto';
import type { HttpClient } from '../../http/http-client.ts';
import { ProviderError } from '../../records/provider-error.ts';
import type { SalesforceAccess } from './access.ts';
import { readAnswer, type AnswerContext } from './answer.ts';

export interface Token {
  readonly accessToken: string;
  /** The origin that it is good for. */
  readonly instanceUrl: string;
}

const ASSERTION_SECONDS = 180;

/**
 * Asks for an access token. Salesforce tells of no expiry: a token is good until it is refused.
 * @throws ProviderError `unauthorised` where the credentials are refused; HttpFailure.
 */
export async function requestToken(http: HttpClient, access: SalesforceAccess, context: AnswerContext, timeoutMs: number): Promise<Token> {
  const answer = await http.send({
    method: 'POST',
    url: new URL('/services/oauth2/token', access.loginUrl),
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(grant(access, context.now)).toString(),
    timeoutMs,
  });
  return tokenOf(readTokenAnswer(answer, context), access, context);
}

function readTokenAnswer(...[answer, context]: Parameters<typeof readAnswer>): ReturnType<typeof readAnswer> {
  try {
    return readAnswer(answer, context);
  } catch (error) {
    // `invalid_grant`, `invalid_client_id` and their like come with status 400.
    if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
    throw new ProviderError('unauthorised', error.message, error);
  }
}

function grant({ credentials }: SalesforceAccess, now: number): Record<string, string> {
  switch (credentials.type) {
    case 'client_credentials':
      return { grant_type: credentials.type, client_id: credentials.clientId, client_secret: credentials.clientSecret };
    case 'jwt_bearer': {
      const { clientId: iss, username: sub, audience: aud, privateKey } = credentials;
      const claims = { iss, sub, aud, exp: Math.floor(now / 1000) + ASSERTION_SECONDS };
      return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: jwt(claims, privateKey) };
    }
  }
}

function jwt(claims: Readonly<Record<string, string | number>>, key: KeyObject): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const text = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}

function tokenOf(value: ReturnType<typeof readAnswer>, { baseUrl }: SalesforceAccess, { operation }: AnswerContext): Token {
  const accessToken = isJsonObject(value) ? value['access_token'] : undefined;
  const instance = isJsonObject(value) ? value['instance_url'] : undefined;
  if (typeof accessToken !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(accessToken)) throw new ProviderError('unavailable', `${operation}: the answer holds no access token`);
  const instanceUrl = typeof instance === 'string' ? originOf(instance, baseUrl) : baseUrl;
  if (instanceUrl === null) throw new ProviderError('unavailable', `${operation}: the answer holds no instance_url that could be used`);
  return { accessToken, instanceUrl };
}

/** A token is not sent in clear where the configuration asked for TLS. */
function originOf(instance: string, baseUrl: string): string | null {
  if (!URL.canParse(instance)) return null;
  const { protocol, origin } = new URL(instance);
  return protocol === 'https:' || protocol === new URL(baseUrl).protocol ? origin : null;
}
