import { setTimeout as delay } from 'node:timers/promises';
import { UnavailableError } from '@clientele/contracts';
import { connect, ErrorCode, isNatsError, type ConnectionOptions } from './nats-client.ts';
import { NatsLink, type LinkEvent } from './nats-link.ts';
import { parseNatsUrl } from './nats-url.ts';

export interface ConnectNatsOptions {
  /** `nats://user:password@host:4222`, several separated by commas; `tls://` requires encryption. */
  readonly url: string;
  /** Shown on the broker's monitoring pages. */
  readonly name: string;
  /** How long to wait for a broker that is not there yet (default 30 s). */
  readonly waitMs?: number;
  /** Told of every break, reconnection and refusal, for the log. */
  readonly onEvent?: (event: LinkEvent) => void;
}

/** The broker refused user or password: nothing that time will heal. */
export class BrokerAuthorizationError extends Error {
  override readonly name = 'BrokerAuthorizationError';
}

const RETRY_MS = 250;

/**
 * Connects, and from then on reconnects for ever.
 * @throws BrokerAuthorizationError for a wrong user or password.
 * @throws UnavailableError when no broker answered within `waitMs`.
 */
export async function connectNats({ url, name, waitMs = 30_000, onEvent = () => {} }: ConnectNatsOptions): Promise<NatsLink> {
  const options = connectionOptions(url, name);
  const deadline = Date.now() + waitMs;
  let isTold = false;
  for (;;) {
    try {
      const nats = await connect(options);
      return new NatsLink(nats, await nats.jetstreamManager({ checkAPI: false, timeout: 5000 }), options.inboxPrefix, onEvent);
    } catch (error) {
      if (isNatsError(error) && (error.code === ErrorCode.AuthorizationViolation || error.code === ErrorCode.AuthenticationExpired)) {
        throw new BrokerAuthorizationError(`the broker refuses the user of ${name}: check user and password of its NATS_URL`, { cause: error });
      }
      if (Date.now() + RETRY_MS > deadline) {
        throw new UnavailableError(`no broker answers at ${String(options.servers)}`, 1000, { cause: error });
      }
      if (!isTold) onEvent({ type: 'waiting', detail: `no broker answers yet at ${String(options.servers)}` });
      isTold = true;
      await delay(RETRY_MS);
    }
  }
}

function connectionOptions(url: string, name: string): ConnectionOptions & { readonly inboxPrefix: string } {
  const address = parseNatsUrl(url);
  return {
    servers: address.servers,
    name,
    // The operating system resolves names: the client's own resolver knows neither the hosts file nor search domains.
    resolve: false,
    ...(address.user === null ? {} : { user: address.user, pass: address.password ?? '' }),
    ...(address.tls ? { tls: {} } : {}),
    // Private inboxes, so that a user can be kept from reading the answers to others.
    inboxPrefix: address.user === null ? '_INBOX' : `_INBOX_${address.user}`,
    timeout: 5000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: 100,
    // A half-open connection shows after at most three pings.
    pingInterval: 10_000,
    maxPingOut: 2,
    noAsyncTraces: true,
  };
}
