import { request } from 'node:http';

/** What an endpoint answered: its status, or why there was none. */
export interface Answer {
  readonly status: number | 'timeout' | 'connection';
  readonly retryAfter: string | undefined;
}

/** Posts one event with the headers that EventBridge sends, each time over a connection of its own. Never throws. */
export function post(url: string, body: string, credentials: Readonly<Record<string, string>>, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs);
  const failed = (): Answer => ({ status: signal.aborted ? 'timeout' : 'connection', retryAfter: undefined });
  return new Promise((resolve) => {
    const sending = request(url, {
      method: 'POST',
      agent: false,
      signal,
      headers: {
        'User-Agent': 'Amazon/EventBridge/ApiDestinations',
        'Content-Type': 'application/json; charset=utf-8',
        Range: 'bytes=0-1048575',
        'Accept-Encoding': 'gzip,deflate',
        Connection: 'close',
        'Content-Length': Buffer.byteLength(body),
        ...credentials,
      },
    }, (response) => {
      response.on('error', () => resolve(failed()));
      // The answer counts when all of it is there; what it says is of no interest to EventBridge.
      response.on('end', () => resolve({ status: response.statusCode ?? 'connection', retryAfter: response.headers['retry-after'] }));
      response.resume();
    });
    sending.on('error', () => resolve(failed()));
    sending.end(body);
  });
}
