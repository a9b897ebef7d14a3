import { setTimeout as sleep } from 'node:timers/promises';

interface Ticket<L> {
  readonly lane: L;
}

/** Who waits for something scarce: one tries at a time, of the most urgent lane, in the order of their coming. */
export class TurnQueue<L extends string> {
  readonly #lanes: readonly L[];
  readonly #lookEveryMs: number;
  #tickets: Ticket<L>[] = [];
  #turned = new AbortController();

  /** @param lanes the most urgent first. */
  constructor(lanes: readonly L[], lookEveryMs: number) {
    this.#lanes = lanes;
    this.#lookEveryMs = lookEveryMs;
  }

  /** Resolves once `attempt` answered true at its turn. @throws the signal's reason when it aborts before. */
  async wait(lane: L, signal: AbortSignal, attempt: () => Promise<boolean>): Promise<void> {
    const ticket: Ticket<L> = { lane };
    this.#tickets.push(ticket);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#first() === ticket && (await attempt())) return;
        await this.#look(signal, this.#first() === ticket);
      }
    } finally {
      this.#tickets = this.#tickets.filter((other) => other !== ticket);
      this.#turned.abort();
      this.#turned = new AbortController();
    }
  }

  waiting(lane: L): number {
    return this.#tickets.filter((ticket) => ticket.lane === lane).length;
  }

  #first(): Ticket<L> | undefined {
    for (const lane of this.#lanes) {
      const ticket = this.#tickets.find((other) => other.lane === lane);
      if (ticket !== undefined) return ticket;
    }
    return undefined;
  }

  /** Until somebody's turn ended or, for the first, it is time to try again. */
  async #look(signal: AbortSignal, isFirst: boolean): Promise<void> {
    const turned = this.#turned.signal;
    if (turned.aborted) return;
    await sleep(isFirst ? this.#lookEveryMs : 60_000, undefined, { signal: AbortSignal.any([signal, turned]) }).catch((error: unknown) => {
      if (!signal.aborted && !turned.aborted) throw error;
    });
  }
}
