import { percentile } from '../report/percentile.ts';
import { median } from '../figure.ts';
import { HttpConnection } from './http-connection.ts';
import { expectStatus } from './requests.ts';

export interface ClosedLoopOptions {
  readonly address: string;
  readonly callers: number;
  readonly request: () => string;
  readonly status: number;
}

export interface Window {
  /** Answers a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Callers that each send the next request as soon as the last one is answered. */
export class ClosedLoop {
  readonly #options: ClosedLoopOptions;
  #connections: readonly HttpConnection[] = [];

  constructor(options: ClosedLoopOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { address, callers } = this.#options;
    this.#connections = await Promise.all(Array.from({ length: callers }, async () => await HttpConnection.open(address)));
  }

  /** @throws Error for an answer of another status. */
  async window(seconds: number): Promise<Window> {
    const { request, status } = this.#options;
    const latencies: number[] = [];
    const begun = performance.now();
    const end = begun + seconds * 1000;
    await Promise.all(this.#connections.map(async (connection) => {
      for (let sent = performance.now(); sent < end;) {
        expectStatus(await connection.send(request()), status);
        const answered = performance.now();
        latencies.push(answered - sent);
        sent = answered;
      }
    }));
    return { rate: latencies.length / (performance.now() - begun) * 1000, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

/** The middle of each. */
export function middle(windows: readonly Window[]): Window {
  return { rate: median(windows.map(({ rate }) => rate)), p50: median(windows.map(({ p50 }) => p50)), p99: median(windows.map(({ p99 }) => p99)) };
}

/** Windows of several contestants in turn, so that a neighbour disturbs all of them alike; the first of each only warms up. */
export async function inTurn<T>(rounds: number, contestants: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const windows: T[][] = contestants.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, measure] of contestants.entries()) {
      const window = await measure();
      if (round > 0) windows[index]?.push(window);
    }
  }
  return windows;
}
