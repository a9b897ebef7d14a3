import { createSign } from 'node:crypto';
import { parseExact } from '@clientele/contracts';
import type { Json } from '@clientele/domain';
import type { SalesforceServer } from '../../src/index.ts';

export interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Answers are taken as they come; what they are is what the test asserts.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

/** The least that a client of the API does: one token, one request. */
export class SalesforceClient {
  readonly server: SalesforceServer;
  token = '';

  constructor(server: SalesforceServer) {
    this.server = server;
  }

  async login(form: Record<string, string> = this.byCredentials(), headers: Record<string, string> = {}): Promise<Got> {
    const answer = await got(await fetch(this.server.tokenUrl, { method: 'POST', body: new URLSearchParams(form), headers }));
    this.token = String(answer.json.access_token ?? '');
    return answer;
  }

  byCredentials(): Record<string, string> {
    const { clientId, clientSecret } = this.server.credentials;
    return { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  }

  byAssertion(claims: Record<string, Json> = {}, privateKey = this.server.credentials.privateKey): Record<string, string> {
    const { clientId, username, audience } = this.server.credentials;
    const encoded = [{ alg: 'RS256' }, { iss: clientId, sub: username, aud: audience, exp: Math.floor(Date.now() / 1000) + 180, ...claims }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: `${encoded}.${createSign('RSA-SHA256').update(encoded).sign(privateKey, 'base64url')}` };
  }

  async get(path: string, signal?: AbortSignal): Promise<Got> {
    return await this.#send(path, { method: 'GET', ...(signal === undefined ? {} : { signal }) });
  }

  async post(path: string, body: Json): Promise<Got> {
    return await this.#send(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async query(soql: string, all = false): Promise<Got> {
    return await this.get(`${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`);
  }

  /** All pages. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async all(soql: string, deletedToo = false): Promise<any[]> {
    const records = [];
    let page = await this.query(soql, deletedToo);
    for (; ; page = await this.get(page.json.nextRecordsUrl)) {
      records.push(...page.json.records);
      if (page.json.done) return records;
    }
  }

  async #send(path: string, init: RequestInit): Promise<Got> {
    const url = path.startsWith('/') ? `${this.server.baseUrl}${path}` : `${this.server.baseUrl}/services/data/v66.0/${path}`;
    return await got(await fetch(url, { ...init, headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' } }));
  }
}

async function got(response: Response): Promise<Got> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parseExact(text) };
}
