/** What a NATS URL says: `nats://user:password@host:4222`, several hosts separated by commas, `tls://` where encryption is required. */
export interface NatsAddress {
  readonly servers: string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly tls: boolean;
}

/** @throws TypeError where the text is not such a URL; the message never holds the password. */
export function parseNatsUrl(text: string): NatsAddress {
  const urls = text.split(',').map((part) => parseOne(part.trim()));
  const [first] = urls;
  const named = urls.find((url) => url.username !== '');
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port === '' ? '4222' : url.port}`),
    user: named === undefined ? null : decodeURIComponent(named.username),
    password: named === undefined ? null : decodeURIComponent(named.password),
    tls: first?.protocol === 'tls:',
  };
}

function parseOne(text: string): URL {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `nats://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || url.hostname === '') throw new TypeError('a NATS URL must look like nats://user:password@host:4222');
  if (!['nats:', 'tls:'].includes(url.protocol)) throw new TypeError(`a NATS URL begins with nats:// or tls://, not ${url.protocol}//`);
  return url;
}
