import { ValidationError, type Finding, type SourceCredentials } from '@clientele/contracts';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Environment, ReadableSource } from '../../records/record-source.ts';

const LOGIN_URL = 'https://login.salesforce.com';
const API_VERSION = 'v60.0';

/** Where and as whom to read; secrets in clear. */
export interface SalesforceAccess {
  readonly source: string;
  /** Origins, without a path. */
  readonly baseUrl: string;
  readonly loginUrl: string;
  readonly apiVersion: string;
  readonly credentials: Credentials;
}

export type Credentials =
  | { readonly type: 'client_credentials'; readonly clientId: string; readonly clientSecret: string }
  | { readonly type: 'jwt_bearer'; readonly clientId: string; readonly privateKey: KeyObject; readonly username: string; readonly audience: string };

/**
 * A source's configuration with the environment's values in it; null where it has no credentials.
 * @throws ValidationError naming every variable that is missing or unfit, never a value.
 */
export function salesforceAccess(source: ReadableSource, env: Environment): SalesforceAccess | null {
  const { id, credentials, base_url: baseUrl } = source;
  if (credentials === undefined) return null;
  const findings: Finding[] = [];
  const add = (name: string, code: string, message: string): void => {
    findings.push({ path: `sources.${id}.${name}`, code, message });
  };
  const resolve = (name: string, reference: string): string => {
    const variable = /^\$\{(.+)\}$/.exec(reference)?.[1];
    const value = variable === undefined ? undefined : env[variable];
    if (value !== undefined && value !== '') return value;
    add(`credentials.${name}`, 'reference', variable === undefined ? 'must refer to an environment variable: ${NAME}' : `refers to ${variable}, which is not set`);
    return '';
  };
  if (baseUrl === undefined) add('base_url', 'required', 'is missing: credentials are of no use without it');
  const loginUrl = new URL(source.login_url ?? (credentials.type === 'jwt_bearer' || baseUrl === undefined ? LOGIN_URL : baseUrl)).origin;
  const resolved = resolveCredentials(credentials, loginUrl, resolve, add);
  if (findings.length > 0 || baseUrl === undefined || resolved === null) {
    throw new ValidationError(findings.map(({ path, message }) => `${path} ${message}`).join('; '), findings);
  }
  return { source: id, baseUrl: new URL(baseUrl).origin, loginUrl, apiVersion: source.api_version ?? API_VERSION, credentials: resolved };
}

type Resolve = (name: string, reference: string) => string;
type Add = (name: string, code: string, message: string) => void;

function resolveCredentials(credentials: SourceCredentials, loginUrl: string, resolve: Resolve, add: Add): Credentials | null {
  const clientId = resolve('client_id', credentials.client_id);
  if (credentials.type === 'client_credentials') {
    return { type: credentials.type, clientId, clientSecret: resolve('client_secret', credentials.client_secret) };
  }
  const username = resolve('username', credentials.username);
  const privateKey = readKey(resolve('private_key', credentials.private_key));
  if (privateKey === null) add('credentials.private_key', 'key', 'is not an RSA private key in PEM');
  return privateKey === null ? null : { type: credentials.type, clientId, privateKey, username, audience: credentials.audience ?? loginUrl };
}

/** A variable often holds the key on one line. */
function readKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    return key.asymmetricKeyType === 'rsa' ? key : null;
  } catch {
    // Whatever it says, it is no key that could be used; the finding tells so.
    return null;
  }
}
