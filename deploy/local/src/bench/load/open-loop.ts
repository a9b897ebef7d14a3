import { setTimeout as delay } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';

/** Idle connections to one address, and new ones where none is idle. */
export class ConnectionPool {
  readonly #address: string;
  readonly #idle: HttpConnection[] = [];

  constructor(address: string) {
    this.#address = address;
  }

  async use<T>(work: (connection: HttpConnection) => Promise<T>): Promise<T> {
    const connection = this.#takeIdle() ?? await HttpConnection.open(this.#address);
    const result = await work(connection);
    this.#idle.push(connection);
    return result;
  }

  /** A server closes what was idle for long. */
  #takeIdle(): HttpConnection | undefined {
    let connection = this.#idle.pop();
    while (connection?.isOpen === false) connection = this.#idle.pop();
    return connection;
  }

  close(): void {
    for (const connection of this.#idle) connection.close();
  }
}

export interface Arrivals {
  /** Arrivals a second. */
  readonly rate: number;
  readonly seconds: number;
  /** `dueAt`: when it was to begin, by `performance.now()`; measure from there, so that what is late because of the system counts. */
  readonly arrive: (number: number, dueAt: number) => Promise<void>;
}

const PAUSE_MS = 1;

/** Starts work at a steady rate, whether or not earlier work is done. Resolves when all is done. @throws what any work throws. */
export async function openLoop({ rate, seconds, arrive }: Arrivals): Promise<void> {
  const total = Math.round(rate * seconds);
  const begun = performance.now();
  const underWay: Promise<void>[] = [];
  const failed = new AbortController();
  while (underWay.length < total && !failed.signal.aborted) {
    const due = Math.min(total, Math.floor((performance.now() - begun) / 1000 * rate) + 1);
    while (underWay.length < due) {
      const work = arrive(underWay.length, begun + underWay.length / rate * 1000);
      work.catch(() => failed.abort());
      underWay.push(work);
    }
    await delay(PAUSE_MS);
  }
  await Promise.all(underWay);
}
