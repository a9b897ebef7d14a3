import { setTimeout as sleep } from 'node:timers/promises';
import { laneOfCommand, UnavailableError, ValidationError, type EventDispatcher, type RecordRead } from '@clientele/contracts';
import { clockOf } from '@clientele/domain';
import { drawReadNumbers, type EventStore } from '@clientele/event-store';
import type { Reading } from '@clientele/providers';
import type { Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { Backoff } from '../lanes/backoff.ts';
import { recordReadCommand } from '../reading/record-read-command.ts';
import type { ReadableSource } from '../sources/source-book.ts';
import type { HeldRecords } from './held-records.ts';
import type { Sendable } from './steps/step.ts';

/** Another process leads the source by now. */
export class LostLeadError extends Error {
  override readonly name = 'LostLeadError';
}

export interface SendReadingsParts {
  readonly dispatcher: EventDispatcher;
  readonly pool: Pool;
  readonly store: Pick<EventStore, 'commit'>;
  readonly held: Pick<HeldRecords, 'areDecided'>;
  readonly lanes: number;
  readonly logger: Pick<Logger, 'warn'>;
  readonly now: () => number;
}

/** Who sends, and for what. */
export interface Sending {
  readonly source: ReadableSource;
  readonly planId: string;
  readonly epoch: number;
  readonly signal: AbortSignal;
}

/** Commands that are undecided at a time: as much as lanes that keep up decide in a tenth of a second. */
const CHUNK = 250;
const FIRST_LOOK_MS = 20;
const SLOWEST_LOOK_MS = 500;
/** A lane that stands still must not hold a plan for ever, nor be buried by it. */
const WAIT_AT_MOST_MS = 120_000;
const RETRY_MS = 500;
const WHOLE_SECONDS_MS = 2_000;

/**
 * Sends readings as commands, some at a time: the next ones go when those before are decided. So lanes that are behind with the feed are
 * left alone, and a plan adds next to nothing to what a live change waits for.
 */
export class SendReadings {
  readonly #parts: SendReadingsParts;

  constructor(parts: SendReadingsParts) {
    this.#parts = parts;
  }

  /**
   * Answers the last commands that were sent, one a lane: when they are decided, all are.
   * @param sent such an answer, of before.
   * @throws LostLeadError, with nothing sent; the signal's reason
   */
  async send(readings: readonly Sendable[], sent: readonly string[], sending: Sending): Promise<readonly string[]> {
    if (readings.length === 0) return sent;
    const { source, epoch, signal } = sending;
    const first = await drawReadNumbers(this.#parts.pool, source.id, epoch, readings.length);
    if (first === null) throw new LostLeadError(`source ${source.id} is led by another process`);
    let last = sent;
    for (let at = 0; at < readings.length; at += CHUNK) {
      const chunk = readings.slice(at, at + CHUNK).map((sendable, index) => this.#command(sendable, first + at + index, sending));
      await this.#untilDecided(last, signal);
      const stored = await this.#dispatch(chunk, signal);
      if (stored.length > 0) last = [...new Map(stored.map((command) => [laneOfCommand(command, this.#parts.lanes), command.commandId])).values()];
    }
    return last;
  }

  /** Leaves records that the provider did not show to whoever reads single ones, who has more patience. @throws UnavailableError */
  async askLater(unseen: readonly Reading[], { source }: Sending, reason: string): Promise<void> {
    if (unseen.length === 0) return;
    const notBefore = new Date(this.#parts.now()).toISOString();
    const reads = unseen.map(({ entity, id: externalId, window }) => {
      // Whatever look comes next is an answer; the provider's clock says when it begins, to a second.
      const commitTime = Math.max(0, Date.parse(window.from) - source.marginMs - WHOLE_SECONDS_MS);
      const since = clockOf({ commitTime, commitNumber: '0', sequenceNumber: 0, changeId: '' });
      return { source: source.id, entity, externalId, provider: source.provider, reason, since, notBefore };
    });
    await this.#parts.store.commit([{ writes: [], outcomes: [], ledger: [], repeats: [], mappings: [], reads }]);
  }

  #command({ reading, cause }: Sendable, number: number, { source, planId }: Sending): RecordRead {
    const { id, provider } = source;
    return recordReadCommand(reading, { provider, source: id, number, cause, correlationId: planId, now: new Date(this.#parts.now()) });
  }

  async #untilDecided(commandIds: readonly string[], signal: AbortSignal): Promise<void> {
    const begun = this.#parts.now();
    for (let lookMs = FIRST_LOOK_MS; !(await this.#parts.held.areDecided(commandIds)); lookMs = Math.min(lookMs * 2, SLOWEST_LOOK_MS)) {
      if (this.#parts.now() - begun > WAIT_AT_MOST_MS) {
        this.#parts.logger.warn({ commandIds }, 'readings were not decided in time; a plan goes on slowly without them');
        return;
      }
      await sleep(lookMs, undefined, { signal });
    }
  }

  /** The broker comes back; a command that it can never take is told and left out. Answers the others. */
  async #dispatch(commands: readonly RecordRead[], signal: AbortSignal): Promise<readonly RecordRead[]> {
    const backoff = new Backoff();
    for (;;) {
      try {
        await this.#parts.dispatcher.dispatch(commands);
        return commands;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ValidationError && commands.length > 1) {
          const stored: RecordRead[] = [];
          for (const command of commands) stored.push(...(await this.#dispatch([command], signal)));
          return stored;
        }
        if (error instanceof ValidationError) {
          this.#parts.logger.warn({ err: error, record: commands[0]?.external_id }, 'a record is too large for the broker');
          return [];
        }
        if (!(error instanceof UnavailableError)) throw error;
        await backoff.wait(RETRY_MS, signal);
      }
    }
  }
}
