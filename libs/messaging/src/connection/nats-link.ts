import { UnavailableError } from '@clientele/contracts';
import type { JetStreamManager, NatsConnection, Status } from 'nats';
import { AckInbox } from '../publishing/ack-inbox.ts';
import { createInbox } from './nats-client.ts';

export type LinkEvent =
  /** `waiting`: no broker answered yet; told once. */
  | { readonly type: 'waiting' | 'disconnected' | 'reconnected' | 'stale' | 'lame_duck'; readonly detail: string }
  /** The broker refused something: most often a permission that the user lacks. */
  | { readonly type: 'error'; readonly detail: string };

/** A connection to the broker that knows at any moment whether it stands. Reconnects for ever; `closed()` means that it gave up for good. */
export class NatsLink {
  /** For the modules of this library alone. */
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  /** The broker's word on what is published over this connection. */
  readonly acks: AckInbox;
  /** What subjects of answers to this connection begin with. */
  readonly inboxPrefix: string;
  /** Aborts when the connection is over for good. */
  readonly over: AbortSignal;
  #connected = true;
  readonly #onDrop = new Set<() => void>();
  readonly #onRestore = new Set<() => void>();

  constructor(nats: NatsConnection, manager: JetStreamManager, inboxPrefix: string, onEvent: (event: LinkEvent) => void) {
    this.nats = nats;
    this.inboxPrefix = inboxPrefix;
    this.acks = new AckInbox(nats, createInbox(inboxPrefix));
    this.manager = manager;
    void this.#follow(onEvent);
    const over = new AbortController();
    this.over = over.signal;
    void nats.closed().then(() => {
      this.#drop();
      over.abort();
    });
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** The broker's `max_payload` in bytes: headers and data of a message together may not exceed it. */
  get maxPayload(): number {
    return this.nats.info?.max_payload ?? 1024 * 1024;
  }

  get serverVersion(): string {
    return this.nats.info?.version ?? 'unknown';
  }

  /** Calls `listener` each time the connection breaks. Returns how to stop that. */
  onDrop(listener: () => void): () => void {
    this.#onDrop.add(listener);
    return () => void this.#onDrop.delete(listener);
  }

  /** The answer to a request, unless the connection breaks first: the client library would wait for its timeout. */
  async request<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.#connected) throw new UnavailableError('there is no connection to the broker');
    let off = (): void => {};
    const dropped = new Promise<never>((_resolve, reject) => {
      off = this.onDrop(() => reject(new UnavailableError('the connection to the broker broke')));
    });
    try {
      return await Promise.race([ask(), dropped]);
    } finally {
      off();
    }
  }

  /** Resolves at once while connected, else with the next connection, or when `signal` aborts (which must be linked to {@link over}). */
  async whenConnected(signal: AbortSignal): Promise<void> {
    while (!this.#connected && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#onRestore.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#onRestore.add(done);
        signal.addEventListener('abort', done);
      });
    }
  }

  /** Resolves when the connection is over: with the error that ended it, or null after {@link close}. The process should then end. */
  async closed(): Promise<Error | null> {
    return (await this.nats.closed()) ?? null;
  }

  /** Sends what is buffered and closes, within a second. */
  async close(): Promise<void> {
    if (this.nats.isClosed()) return;
    if (this.#connected) {
      const flushed = this.nats.flush().catch(() => undefined); // fails where the connection breaks meanwhile: it is being closed anyway
      await Promise.race([flushed, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    }
    await this.nats.close();
  }

  async #follow(onEvent: (event: LinkEvent) => void): Promise<void> {
    for await (const status of this.nats.status()) {
      const event = this.#note(status);
      if (event !== null) onEvent(event);
    }
  }

  #note(status: Status): LinkEvent | null {
    const detail = typeof status.data === 'string' ? status.data : String(status.type);
    switch (String(status.type)) {
      case 'disconnect':
        this.#drop();
        return { type: 'disconnected', detail };
      case 'reconnect':
        this.#connected = true;
        for (const listener of [...this.#onRestore]) listener();
        return { type: 'reconnected', detail };
      case 'staleConnection':
        return { type: 'stale', detail };
      case 'ldm':
        return { type: 'lame_duck', detail };
      case 'error':
        if (status.permissionContext?.operation === 'publish') this.acks.denied(status.permissionContext.subject);
        return { type: 'error', detail: permissionText(status) ?? detail };
      default:
        return null;
    }
  }

  #drop(): void {
    this.#connected = false;
    this.acks.dropped();
    for (const listener of [...this.#onDrop]) listener();
  }
}

function permissionText(status: Status): string | null {
  const context = status.permissionContext;
  return context === undefined ? null : `permission to ${context.operation} ${context.subject} is missing`;
}
