import type { DispatchTicket } from './dispatch-ticket.ts';

export interface QueuedCommand {
  readonly text: string;
  readonly bytes: number;
  readonly ticket: DispatchTicket;
}

/** Bytes that all lanes of a dispatcher hold, and may hold. */
export class ByteBudget {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }
}

/** Commands of one lane that have not been sent yet, in the order in which they came. */
export class CommandQueue {
  readonly #budget: ByteBudget;
  #items: (QueuedCommand | undefined)[] = [];
  #head = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  get oldest(): QueuedCommand | undefined {
    return this.#items[this.#head];
  }

  push(command: QueuedCommand): void {
    this.#items.push(command);
    this.#budget.used += command.bytes;
  }

  /** Drops commands from the front that nobody waits for. Calls give up in the order in which they came, so the front is where they are. */
  dropAbandoned(): void {
    while (this.oldest?.ticket.settled === true) this.#release(this.#shift());
  }

  /** The next envelope's commands: at most `count` and `bytes`, a single larger one alone. They stay in the budget until released. */
  take(count: number, bytes: number): QueuedCommand[] {
    const taken: QueuedCommand[] = [];
    let size = 0;
    for (let next = this.oldest; next !== undefined && taken.length < count; next = this.oldest) {
      if (taken.length > 0 && size + next.bytes > bytes) break;
      const command = this.#shift();
      if (command.ticket.settled) {
        this.#release(command);
      } else {
        taken.push(command);
        size += command.bytes;
      }
    }
    return taken;
  }

  release(commands: readonly QueuedCommand[]): void {
    for (const command of commands) this.#release(command);
  }

  #release(command: QueuedCommand): void {
    this.#budget.used -= command.bytes;
  }

  #shift(): QueuedCommand {
    const command = this.#items[this.#head];
    if (command === undefined) throw new RangeError('the queue is empty');
    // What has left the queue must not stay in memory until its slot is cut off: it may be megabytes.
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return command;
  }
}
