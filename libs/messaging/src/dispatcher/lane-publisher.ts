import { setTimeout as delay } from 'node:timers/promises';
import { encodeEnvelope, laneSubject, UnavailableError, type FaultPoint, type LaneName } from '@clientele/contracts';
import { backoffMs } from '../connection/backoff.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { publishAcked, type OutgoingMessage, type PublishResult } from '../publishing/publish-acked.ts';
import { CommandQueue, type ByteBudget, type QueuedCommand } from './command-queue.ts';
import type { PublishRounds } from './publish-rounds.ts';
import type { PublishSlots } from './publish-slots.ts';

export interface LanePublisherOptions {
  readonly link: NatsLink;
  readonly lane: LaneName;
  readonly publisher: string;
  readonly budget: ByteBudget;
  readonly rounds: PublishRounds;
  readonly slots: PublishSlots;
  readonly maxEnvelopeBytes: number;
  readonly maxEnvelopeCommands: number;
  readonly publishTimeoutMs: number;
  readonly idleMs: number;
  readonly fault: FaultPoint;
  /** Brings back a COMMANDS stream that is missing; resolves to whether it is there now. */
  readonly restoreStream: () => Promise<boolean>;
  /** Ends every repetition. */
  readonly signal: AbortSignal;
}

/**
 * One lane's sender: at most one publish in flight; what arrives meanwhile is the next envelope. It keeps the lane's numbers without a
 * hole: a number is used again only where the broker certainly did not store the envelope that had it.
 */
export class LanePublisher {
  readonly queue: CommandQueue;
  readonly #options: LanePublisherOptions;
  #next = 1;
  /** Whether the lane's last envelope was an empty one (or there was none): nothing more to declare. */
  #declared = true;
  #busy: Promise<void> | null = null;
  #inFlight: readonly QueuedCommand[] = [];
  #idle: NodeJS.Timeout | null = null;

  constructor(options: LanePublisherOptions) {
    this.#options = options;
    this.queue = new CommandQueue(options.budget);
  }

  get inFlight(): number {
    return this.#inFlight.length;
  }

  /** When the oldest call came whose command is not stored yet; null when nothing waits. */
  get waitingSince(): number | null {
    return this.#inFlight[0]?.ticket.createdAt ?? this.queue.oldest?.ticket.createdAt ?? null;
  }

  enqueue(command: QueuedCommand): void {
    this.queue.push(command);
    this.#options.rounds.came();
    this.#busy ??= this.#drain();
  }

  /** Sends what waits, then declares the lane's next number. */
  async finish(): Promise<void> {
    await this.#busy;
    if (!this.#declared) await (this.#busy = this.#publish([]));
    this.#stopIdle();
  }

  async #drain(): Promise<void> {
    this.#stopIdle();
    // The commands of one turn of the event loop belong in one envelope.
    await Promise.resolve();
    const { link, signal, rounds, slots } = this.#options;
    while (!signal.aborted && this.queue.length > 0) {
      await link.whenConnected(signal);
      await rounds.next();
      await slots.use(async () => await this.#publishNext());
    }
    if (signal.aborted) this.#refuse(this.queue.take(Infinity, Infinity), CLOSING);
    this.#busy = null;
    this.#armIdle();
  }

  /** An envelope is put together when it can be sent: as large as can be, and with nothing that nobody waits for any more. */
  async #publishNext(): Promise<void> {
    const { maxEnvelopeCommands, maxEnvelopeBytes } = this.#options;
    const commands = this.queue.take(maxEnvelopeCommands, maxEnvelopeBytes);
    if (commands.length > 0) await this.#publish(commands);
  }

  async #publish(commands: readonly QueuedCommand[]): Promise<void> {
    const { lane, publisher } = this.#options;
    const first = this.#next;
    const count = commands.length;
    const text = encodeEnvelope({ publisher, lane, first, count }, commands.map((command) => command.text));
    this.#inFlight = commands;
    const message = { subject: laneSubject(lane), data: Buffer.from(text, 'utf8'), messageId: `${publisher}:${lane}:${first}:${count}` };
    const refusal = await this.#untilKnown(message, commands);
    this.#inFlight = [];
    if (refusal !== null) return this.#refuse(commands, refusal);
    this.#next = first + count;
    this.#declared = count === 0;
    this.queue.release(commands);
    for (const { ticket } of commands) ticket.stored();
  }

  #refuse(commands: readonly QueuedCommand[], reason: string): void {
    this.queue.release(commands);
    const error = new UnavailableError(`the broker does not take commands: ${reason}`);
    for (const { ticket } of commands) ticket.fail(error);
  }

  /** @returns null when it is stored, else why it certainly is not. Goes on for as long as that is not known. */
  async #untilKnown(message: OutgoingMessage, commands: readonly QueuedCommand[]): Promise<string | null> {
    const { link, signal, fault, publishTimeoutMs } = this.#options;
    let certain = true;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      await link.whenConnected(signal);
      fault('dispatch.before-publish');
      const result = await publishAcked(link, 'commands', message, publishTimeoutMs);
      fault('dispatch.after-publish');
      if (result.kind === 'stored') return null;
      // After an attempt of unknown result a refusal says nothing of that attempt: only an acknowledgement ends the repetition.
      if (result.kind === 'unknown') certain = false;
      const heals = isMissing(result) && (await this.#heals(commands, attempt));
      if (result.kind === 'refused' && certain && !heals) return result.reason;
      await delay(backoffMs(attempt), undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
    return CLOSING;
  }

  /** A stream that is missing is made again. One that does not answer, as while a broker starts, is tried for as long as somebody waits. */
  async #heals(commands: readonly QueuedCommand[], attempt: number): Promise<boolean> {
    const restored = await this.#options.restoreStream();
    return (restored && attempt < MOST_RESTORES) || commands.some(({ ticket }) => !ticket.settled);
  }

  #armIdle(): void {
    if (this.#declared || this.#options.signal.aborted) return;
    this.#idle = setTimeout(() => {
      this.#busy ??= this.#publish([]).then(() => this.#drain());
    }, this.#options.idleMs).unref();
  }

  #stopIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
  }
}

const MOST_RESTORES = 3;
const CLOSING = 'the sender is closing';

function isMissing(result: PublishResult): boolean {
  return result.kind === 'refused' && result.why === 'no_stream';
}
