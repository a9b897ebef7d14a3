import { randomUUID } from 'node:crypto';
import {
  DEFAULT_LANES, encodeCommand, encodeEnvelope, laneOfCommand, UnavailableError, type Command, type EventDispatcher, type LaneBatch,
  type LaneFeed, type LaneMessage, type LaneName, type LanePosition, type LaneReadOptions,
} from '@clientele/contracts';
import { ChangeBell } from './change-bell.ts';

interface KeptMessage extends LaneMessage {
  readonly lane: LaneName;
}

/** The lanes of one process, kept in memory: a dispatcher and a feed that know no broker. Everything is lost with the process. */
export class InMemoryLanes implements EventDispatcher, LaneFeed {
  readonly #lanes: number;
  readonly #publisher = randomUUID();
  readonly #next = new Map<LaneName, number>();
  readonly #bell = new ChangeBell();
  #incarnation: string = randomUUID();
  #messages: KeptMessage[] = [];
  #lastSequence = 0;
  #available = true;

  constructor(lanes: number = DEFAULT_LANES) {
    this.#lanes = lanes;
  }

  /** While unavailable, every dispatch is refused. */
  setAvailable(available: boolean): void {
    this.#available = available;
  }

  /** As if the stream had been deleted and made anew. */
  recreate(): void {
    this.#incarnation = randomUUID();
    this.#messages = [];
    this.#lastSequence = 0;
    this.#bell.ring();
  }

  /** Stores any bytes on a lane, readable or not. */
  put(lane: LaneName, data: Uint8Array): void {
    this.#lastSequence += 1;
    this.#messages.push({ lane, sequence: this.#lastSequence, data });
    this.#bell.ring();
  }

  async dispatch(commands: readonly Command[]): Promise<void> {
    if (!this.#available) throw new UnavailableError('the lanes are set unavailable');
    const byLane = new Map<LaneName, Command[]>();
    for (const command of commands) {
      const lane = laneOfCommand(command, this.#lanes);
      byLane.set(lane, [...(byLane.get(lane) ?? []), command]);
    }
    for (const [lane, group] of byLane) this.#send(lane, group);
  }

  async *read(lane: LaneName, after: LanePosition | null, { signal, maxMessages = 64 }: LaneReadOptions): AsyncGenerator<LaneBatch, void, undefined> {
    let place = after;
    while (!signal.aborted) {
      const incarnation = this.#incarnation;
      const from = place === null || place.incarnation !== incarnation || place.sequence > this.#lastSequence ? 0 : place.sequence;
      const waiting = this.#messages.filter((message) => message.lane === lane && message.sequence > from);
      const messages = waiting.slice(0, maxMessages).map(({ sequence, data }) => ({ sequence, data }));
      if (messages.length === 0) {
        await this.#bell.wait(signal);
        continue;
      }
      yield { incarnation, messages, pending: waiting.length - messages.length };
      place = { incarnation, sequence: messages.at(-1)?.sequence ?? 0 };
    }
  }

  #send(lane: LaneName, commands: readonly Command[]): void {
    const first = this.#next.get(lane) ?? 1;
    this.#next.set(lane, first + commands.length);
    const head = { publisher: this.#publisher, lane, first, count: commands.length };
    this.put(lane, Buffer.from(encodeEnvelope(head, commands.map(encodeCommand)), 'utf8'));
  }
}
