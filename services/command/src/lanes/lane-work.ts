import { NewerSchemaError, type LaneBatch, type LaneMessage, type LanePosition } from '@clientele/contracts';
import { decodeMessage } from './decode-message.ts';
import type { PublisherCount, PublisherNumbers } from './publisher-numbers.ts';
import { sourceOf, type ReceivedCommand } from './received-command.ts';

/** A run of messages that is decided and committed as one unit. */
export interface LaneWork {
  /** In the lane's order; what was counted before is left out. */
  readonly received: readonly ReceivedCommand[];
  readonly to: LanePosition;
  readonly count: PublisherCount;
  /** Messages behind `to`, as far as known. */
  readonly pending: number;
}

/** A unit closes at the first of these: large enough to share a commit among many, small enough to stay light in memory. */
const ENOUGH_COMMANDS = 128;
const ENOUGH_BYTES = 512 * 1024;

export interface LaneWorkOptions {
  /** After failures: the smallest units that a checkpoint can stand between. */
  readonly oneMessageAtATime?: boolean;
}

/**
 * Cuts a batch into units, lazily: one is counted only after the one before was kept in `numbers`.
 * @throws NewerSchemaError once everything before the message in question has been yielded.
 */
export function* laneWork(
  batch: LaneBatch,
  numbers: PublisherNumbers,
  now: () => Date,
  { oneMessageAtATime = false }: LaneWorkOptions = {},
): Generator<LaneWork, void, void> {
  let unit = new Unit(numbers.count());
  for (const [index, message] of batch.messages.entries()) {
    try {
      unit.add(message, now);
    } catch (error) {
      if (error instanceof NewerSchemaError && unit.last !== null) yield unit.close(batch, index);
      throw error;
    }
    if (oneMessageAtATime || unit.isFull()) {
      yield unit.close(batch, index + 1);
      unit = new Unit(numbers.count());
    }
  }
  if (unit.last !== null) yield unit.close(batch, batch.messages.length);
}

class Unit {
  readonly #count: PublisherCount;
  readonly #received: ReceivedCommand[] = [];
  #bytes = 0;
  last: LaneMessage | null = null;

  constructor(count: PublisherCount) {
    this.#count = count;
  }

  add(message: LaneMessage, now: () => Date): void {
    const { envelope, received } = decodeMessage(message, now);
    const known = this.#count.take(envelope);
    for (const command of received.slice(known)) {
      this.#count.accept(envelope, sourceOf(command));
      this.#received.push(command);
    }
    this.#bytes += message.data.byteLength;
    this.last = message;
  }

  isFull(): boolean {
    return this.#received.length >= ENOUGH_COMMANDS || this.#bytes >= ENOUGH_BYTES;
  }

  close(batch: LaneBatch, taken: number): LaneWork {
    return {
      received: this.#received,
      to: { incarnation: batch.incarnation, sequence: this.last?.sequence ?? 0 },
      count: this.#count,
      pending: batch.pending + batch.messages.length - taken,
    };
  }
}
