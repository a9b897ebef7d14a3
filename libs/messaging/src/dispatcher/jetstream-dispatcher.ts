import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  DEFAULT_LANES, encodeCommand, laneOfCommand, noFault, UnavailableError, ValidationError, type Command, type EventDispatcher,
  type FaultPoint, type LaneName,
} from '@clientele/contracts';
import type { NatsLink } from '../connection/nats-link.ts';
import { createMissingStream } from '../topology/ensure-topology.ts';
import type { TopologyOptions } from '../topology/stream-settings.ts';
import { ByteBudget } from './command-queue.ts';
import { DispatchTicket } from './dispatch-ticket.ts';
import { LanePublisher } from './lane-publisher.ts';
import { PublishRounds } from './publish-rounds.ts';
import { PublishSlots } from './publish-slots.ts';

export interface JetStreamDispatcherOptions {
  readonly link: NatsLink;
  /** Number of command lanes (default 4); the same for every publisher and reader. */
  readonly lanes?: number;
  /** How long a dispatch may take (default 4 s). */
  readonly deadlineMs?: number;
  /** Most bytes of commands that one envelope holds (default 512 KiB); a single larger command goes alone. */
  readonly maxEnvelopeBytes?: number;
  /** Most commands in one envelope (default 512). */
  readonly maxEnvelopeCommands?: number;
  /** Most bytes of commands that wait (default 64 MiB). */
  readonly maxQueuedBytes?: number;
  /** How long to wait for the broker's word on one publish (default 2 s) before it is repeated. */
  readonly publishTimeoutMs?: number;
  /** Most envelopes that are with the broker at a time, over all lanes (default 2). */
  readonly maxPublishes?: number;
  /** After how long without commands a lane's next number is declared by an empty envelope (default 5 s). */
  readonly idleMs?: number;
  /** The further settings of COMMANDS, for when it was deleted and has to be made again. */
  readonly topology?: TopologyOptions;
  readonly fault?: FaultPoint;
}

export interface DispatcherStatus {
  readonly connected: boolean;
  readonly queuedBytes: number;
  /** Commands that are with the broker. */
  readonly inFlight: number;
  /** How long the oldest command has been waiting, ms; 0 when none does. */
  readonly oldestWaitMs: number;
}

/** Sends commands to the lanes in COMMANDS, as envelopes. */
export class JetStreamDispatcher implements EventDispatcher {
  readonly #options: JetStreamDispatcherOptions;
  readonly #lanes = new Map<LaneName, LanePublisher>();
  readonly #budget: ByteBudget;
  readonly #rounds: PublishRounds;
  readonly #slots: PublishSlots;
  /** Drawn at each start: the numbers of envelopes are counted under it. */
  readonly #publisher = randomUUID();
  readonly #stop = new AbortController();
  readonly #ended: AbortSignal;
  #closing = false;

  constructor(options: JetStreamDispatcherOptions) {
    this.#options = options;
    this.#ended = AbortSignal.any([this.#stop.signal, options.link.over]);
    // Every lane waits on it; their number is bounded, but not by the default of ten.
    setMaxListeners(0, this.#ended);
    this.#rounds = new PublishRounds({ apartMs: ROUNDS_APART_MS, enough: ENOUGH_FOR_A_ROUND, waiting: () => this.#waiting() });
    this.#slots = new PublishSlots(options.maxPublishes ?? 2);
    this.#budget = new ByteBudget(options.maxQueuedBytes ?? 64 * 1024 * 1024);
  }

  /**
   * @throws UnavailableError when the broker did not take all of them in time, or too much waits already.
   * @throws ValidationError for a command that is larger than the broker's `max_payload`.
   */
  async dispatch(commands: readonly Command[]): Promise<void> {
    if (this.#closing) throw new UnavailableError('this process is closing');
    if (commands.length === 0) return;
    if (this.#budget.used >= this.#budget.limit) throw this.#tooMuch();
    const texts = commands.map((command) => this.#encode(command));
    const bytes = texts.reduce((sum, { size }) => sum + size, 0);
    if (this.#budget.used + bytes > this.#budget.limit) throw this.#tooMuch();

    const lanes = commands.map((command) => this.#lane(laneOfCommand(command, this.#options.lanes ?? DEFAULT_LANES)));
    const deadlineMs = this.#options.deadlineMs ?? 4000;
    const ticket = new DispatchTicket(commands.length, deadlineMs, () => {
      queueMicrotask(() => this.#dropAbandoned());
      return new UnavailableError(`the broker did not acknowledge within ${deadlineMs} ms`);
    });
    texts.forEach(({ text, size }, index) => lanes[index]?.enqueue({ text, bytes: size, ticket }));
    await ticket.promise;
  }

  status(): DispatcherStatus {
    const lanes = [...this.#lanes.values()];
    const since = Math.min(...lanes.map((lane) => lane.waitingSince ?? Infinity));
    return {
      connected: this.#options.link.connected,
      queuedBytes: this.#budget.used,
      inFlight: lanes.reduce((sum, lane) => sum + lane.inFlight, 0),
      oldestWaitMs: since === Infinity ? 0 : Date.now() - since,
    };
  }

  /** Takes no more commands, sends what waits and declares each lane's next number, within `timeoutMs`. Leaves the connection open. */
  async close(timeoutMs = 4000): Promise<void> {
    this.#closing = true;
    const timer = setTimeout(() => this.#stop.abort(), timeoutMs);
    await Promise.all([...this.#lanes.values()].map((lane) => lane.finish()));
    clearTimeout(timer);
    this.#stop.abort();
  }

  #encode(command: Command): { text: string; size: number } {
    const text = encodeCommand(command);
    const size = Buffer.byteLength(text, 'utf8');
    const most = this.#options.link.maxPayload - ENVELOPE_OVERHEAD_BYTES;
    if (size > most) {
      const finding = { path: '', code: 'too_large', message: `the command has ${size} bytes, the broker takes ${most}` };
      throw new ValidationError(`command ${command.commandId} is too large for the broker`, [finding]);
    }
    return { text, size };
  }

  #lane(name: LaneName): LanePublisher {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const { link, fault = noFault, maxEnvelopeBytes = 512 * 1024, maxEnvelopeCommands = 512, publishTimeoutMs = 2000, idleMs = 5000 } = this.#options;
    const lane = new LanePublisher({
      link, fault, maxEnvelopeBytes, maxEnvelopeCommands, publishTimeoutMs, idleMs,
      lane: name,
      publisher: this.#publisher,
      budget: this.#budget,
      rounds: this.#rounds,
      slots: this.#slots,
      restoreStream: () => this.#restoreStream(),
      signal: this.#ended,
    });
    this.#lanes.set(name, lane);
    return lane;
  }

  async #restoreStream(): Promise<boolean> {
    try {
      await createMissingStream(this.#options.link, 'commands', { lanes: this.#options.lanes ?? DEFAULT_LANES, ...this.#options.topology });
      return true;
    } catch (error) {
      if (error instanceof UnavailableError) return false;
      throw error;
    }
  }

  #waiting(): number {
    let waiting = 0;
    for (const { queue } of this.#lanes.values()) waiting += queue.length;
    return waiting;
  }

  #dropAbandoned(): void {
    for (const lane of this.#lanes.values()) lane.queue.dropAbandoned();
  }

  #tooMuch(): UnavailableError {
    return new UnavailableError(`${this.#budget.used} bytes of commands wait for the broker already`);
  }
}

/** A sender notices nothing of it, and of a few hundred commands a second several share an envelope. */
const ROUNDS_APART_MS = 10;
const ENOUGH_FOR_A_ROUND = 32;

/** Room for the envelope's head, the subject and the headers of a message. */
const ENVELOPE_OVERHEAD_BYTES = 2048;
