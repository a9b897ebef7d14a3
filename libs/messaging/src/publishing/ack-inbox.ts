import type { Msg, NatsConnection } from 'nats';

/** What became known of a publish: the broker's message, or why there was none. */
export type Answer = { readonly kind: 'message'; readonly message: Msg } | { readonly kind: 'timeout' | 'dropped' | 'denied' };

interface Awaited {
  readonly subject: string;
  readonly dueAt: number;
  readonly settle: (answer: Answer) => void;
}

const SWEEP_MS = 100;

/**
 * Where the broker's word on this connection's publishes arrives: one subscription for all of them. The client's own request makes a timer
 * and an error with its stack for every message, which at thousands a second costs more than the publish.
 */
export class AckInbox {
  readonly #nats: NatsConnection;
  readonly #prefix: string;
  readonly #awaited = new Map<string, Awaited>();
  #subscribed = false;
  #next = 0;
  #sweeper: NodeJS.Timeout | null = null;

  /** `prefix`: a subject of this connection alone, below which it may subscribe. */
  constructor(nats: NatsConnection, prefix: string) {
    this.#nats = nats;
    this.#prefix = prefix;
  }

  /** Calls `settle` once: with the answer that comes to the returned subject, or when there is none to be had. */
  expect(subject: string, timeoutMs: number, settle: (answer: Answer) => void): string {
    this.#subscribe();
    const reply = `${this.#prefix}.${(this.#next += 1).toString(36)}`;
    this.#awaited.set(reply, { subject, dueAt: Date.now() + timeoutMs, settle });
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
    return reply;
  }

  /** Nothing more is awaited there: the publish was never sent. */
  forget(reply: string): void {
    this.#awaited.delete(reply);
  }

  /** The connection broke: what was sent over it may have arrived or not. */
  dropped(): void {
    for (const reply of [...this.#awaited.keys()]) this.#settle(reply, { kind: 'dropped' });
  }

  /** The broker refuses this user's publishes to a subject. */
  denied(subject: string): void {
    for (const [reply, awaited] of [...this.#awaited]) if (awaited.subject === subject) this.#settle(reply, { kind: 'denied' });
  }

  #subscribe(): void {
    if (this.#subscribed) return;
    this.#subscribed = true;
    this.#nats.subscribe(`${this.#prefix}.*`, {
      callback: (error, message) => {
        if (error === null) this.#settle(message.subject, { kind: 'message', message });
        else this.dropped();
      },
    });
  }

  #settle(reply: string, answer: Answer): void {
    const awaited = this.#awaited.get(reply);
    if (awaited === undefined) return;
    this.#awaited.delete(reply);
    awaited.settle(answer);
  }

  #sweep(): void {
    const now = Date.now();
    for (const [reply, { dueAt }] of [...this.#awaited]) if (dueAt <= now) this.#settle(reply, { kind: 'timeout' });
    if (this.#awaited.size > 0 || this.#sweeper === null) return;
    clearInterval(this.#sweeper);
    this.#sweeper = null;
  }
}
